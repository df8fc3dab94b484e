"""Columns for names, e-mail addresses and domains that hold one form, whoever writes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import models
from django.db.models.lookups import IExact

from routing.kernel.clean_text import one_line
from routing.kernel.domains import domain_in, readable_address, readable_domain, stored_address

Deconstructed = tuple[str, str, Sequence[Any], dict[str, Any]]


class _OneForm(models.CharField[str, str]):
    """A text that is stored in one form, and that forms show as people write it."""

    def stored(self, text: str) -> str:
        """Return the form that is stored."""
        return text

    def readable(self, text: str) -> str:
        """Return what people write for a stored text."""
        return text

    def to_python(self, value: Any) -> Any:
        return self._kept(super().to_python(value))

    def get_prep_value(self, value: Any) -> Any:
        return self._kept(super().get_prep_value(value))

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        value = self._kept(getattr(model_instance, self.attname))
        setattr(model_instance, self.attname, value)
        return value

    def value_from_object(self, obj: models.Model) -> Any:
        value: Any = super().value_from_object(obj)
        return self.readable(value) if isinstance(value, str) else value

    def _kept(self, value: Any) -> Any:
        # Also called with expressions, which are left as they are.
        return self.stored(value) if isinstance(value, str) else value


class LineField(_OneForm):
    """A name or title on one line, without signs that nobody sees. A plain CharField otherwise."""

    def stored(self, text: str) -> str:
        return one_line(text)

    def deconstruct(self) -> Deconstructed:
        name, _path, args, options = super().deconstruct()
        return name, "django.db.models.CharField", args, options


class AddressField(_OneForm, models.EmailField[str, str]):
    """An e-mail address, with its domain in ASCII. It is a plain EmailField in migrations."""

    def stored(self, text: str) -> str:
        return stored_address(text)

    def readable(self, text: str) -> str:
        return readable_address(text)

    def deconstruct(self) -> Deconstructed:
        name, _path, args, options = super().deconstruct()
        return name, "django.db.models.EmailField", args, options


class DomainField(_OneForm):
    """A domain in ASCII, without ``www.``. It is a plain CharField in migrations."""

    def stored(self, text: str) -> str:
        return domain_in(text) or text  # what is no domain is left for the validator to refuse

    def readable(self, text: str) -> str:
        return readable_domain(text)

    def deconstruct(self) -> Deconstructed:
        name, _path, args, options = super().deconstruct()
        return name, "django.db.models.CharField", args, options


@AddressField.register_lookup
class SameAddress(IExact):
    """``iexact`` of an address, with its value in the stored form, too."""

    def get_prep_lookup(self) -> Any:
        return stored_address(self.rhs) if isinstance(self.rhs, str) else self.rhs

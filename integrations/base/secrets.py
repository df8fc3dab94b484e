"""Secrets of connections: encrypted in the database, and never shown by accident."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from typing import Any, NoReturn, Self

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper


class UnreadableSecret(Exception):
    """A stored secret was encrypted under a key that is no longer in ENCRYPTION_KEYS."""


class Hidden:
    """
    Secret strings, newest first.

    They do not appear in ``repr``, ``str`` or a traceback, and cannot be pickled. They stay
    encrypted until ``reveal`` is called. So a search for that word finds every use of a secret, and
    a lost key stops only what needs the secret.
    """

    __slots__ = ("_text", "_values")

    def __init__(self, values: Iterable[str] = (), *, text: str = "") -> None:
        self._values = None if text else tuple(value for value in values if value)
        self._text = text

    def reveal(self) -> tuple[str, ...]:
        """:raises UnreadableSecret: if none of ENCRYPTION_KEYS decrypts it"""
        if self._values is None:
            self._values = _unseal(self._text)
        return self._values

    def sealed(self) -> str:
        """
        Return Fernet text under the newest of ENCRYPTION_KEYS, or an empty string for no secrets.

        Text from the database is returned as it is, so that saving a row changes no secret.
        """
        if not self._text and self._values:
            box = _box(tuple(settings.ENCRYPTION_KEYS))
            self._text = box.encrypt(json.dumps(self._values).encode()).decode("ascii")
        return self._text

    def first(self) -> str:
        """Return the newest secret, or an empty string."""
        return next(iter(self.reveal()), "")

    def with_new(self, value: str, keep: int) -> Hidden:
        """Put ``value`` first and keep the ``keep`` newest of the others, as a rotation needs."""
        # A sender signs with an old secret until it is switched, so those stay valid for a while.
        older = [each for each in self.reveal() if each != value]
        return Hidden([value, *older[:keep]])

    def __bool__(self) -> bool:
        return bool(self._text or self._values)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Hidden) and self.reveal() == other.reveal()

    def __hash__(self) -> int:
        return hash(self.reveal())

    def __repr__(self) -> str:
        return "Hidden(***)"

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _memo: object) -> Self:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("Secrets are not pickled: not into a cache, a session or a task.")


@cache
def _box(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def _unseal(text: str) -> tuple[str, ...]:
    try:
        plain = _box(tuple(settings.ENCRYPTION_KEYS)).decrypt(text)
    except InvalidToken:
        raise UnreadableSecret(
            "A stored secret cannot be read: the key it was encrypted with is missing from "
            "ENCRYPTION_KEYS. Add that key after the newest one, or set the secret again with "
            "`manage.py connect`."
        ) from None
    return tuple(json.loads(plain))


class EncryptedField(models.TextField[Any, Any]):
    """
    A ``Hidden`` value, stored as Fernet text (AES-128-CBC and HMAC-SHA256).

    It is not editable, so it is in no form, and models exclude it from their history. It cannot be
    searched, because equal secrets have different texts.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        options |= {"editable": False, "blank": True, "default": Hidden}
        super().__init__(*args, **options)

    def deconstruct(self) -> Any:
        name, path, args, options = super().deconstruct()
        for given in ("editable", "blank", "default"):
            options.pop(given, None)
        return name, path, args, options

    def from_db_value(
        self, value: str | None, _expression: object, _connection: BaseDatabaseWrapper
    ) -> Hidden:
        return Hidden(text=value or "")

    def to_python(self, value: Any) -> Hidden:
        return value if isinstance(value, Hidden) else Hidden(text=value or "")

    def get_prep_value(self, value: Any) -> str:
        if not isinstance(value, Hidden):
            raise TypeError(
                "Assign Hidden([...]) to a secret, so that it can never be stored in the clear."
            )
        return value.sealed()

    def value_to_string(self, obj: models.Model) -> str:
        return self.get_prep_value(self.value_from_object(obj))

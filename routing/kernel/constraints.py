"""Unique constraints while several rows trade their values, and their refusals in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.apps import apps
from django.db import IntegrityError, models
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from routing.kernel.sql import run

GONE = "23503"  # SQLSTATE of a foreign key that leads nowhere


@contextmanager
def trading_places(model: type[models.Model]) -> Iterator[None]:
    """
    Check the deferrable unique constraints of ``model`` only at the end of the block, so that two
    rows can swap their positions.

    Use it inside a transaction.

    :raises IntegrityError: at the end of the block, if two rows then have the same values
    """
    names = [
        f'"{each.name}"'
        for each in model._meta.constraints
        if isinstance(each, models.UniqueConstraint) and each.deferrable
    ]
    if not names:
        yield
        return
    run(f"SET CONSTRAINTS {', '.join(names)} DEFERRED")
    yield
    run(f"SET CONSTRAINTS {', '.join(names)} IMMEDIATE")


def reason_of(error: IntegrityError) -> str:
    """Return why the database refused a row, in words for the person who entered it."""
    diag = getattr(error.__cause__, "diag", None)
    state = getattr(error.__cause__, "sqlstate", None)
    model, constraint = _constraint_named(getattr(diag, "constraint_name", None) or "")
    if model is not None and isinstance(constraint, models.UniqueConstraint) and constraint.fields:
        return _("Another %(row)s already has the same %(fields)s.") % {
            "row": model._meta.verbose_name,
            "fields": labels(model, constraint.fields),
        }
    if constraint is not None:
        return str(constraint.get_violation_error_message())
    if state == GONE:
        return _("Something that this page refers to has been deleted.")
    said = getattr(diag, "message_primary", None) or str(error)
    return capfirst(said.rstrip(".")) + "."


def labels(model: type[models.Model], names: Sequence[str]) -> str:
    """Return the labels of fields, such as “version and position”."""
    return _(" and ").join(str(model._meta.get_field(name).verbose_name) for name in names)  # type: ignore[union-attr]


def _constraint_named(
    name: str,
) -> tuple[type[models.Model] | None, models.BaseConstraint | None]:
    for model in apps.get_models():
        for constraint in model._meta.constraints:
            if constraint.name == name:
                return model, constraint
    return None, None

"""
Keyset paging: a page begins after the last row of the page before. With OFFSET, PostgreSQL would
read all rows before the page; this way the last page takes no longer than the first.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import F, Func, Q, QuerySet, Value
from django.db.models.expressions import OrderBy
from django.db.models.functions import Coalesce
from django.db.models.lookups import GreaterThan, LessThan

KEY = "_place_{}"
MAX_LENGTH = 2_000  # characters of a place in an address


class UnreadablePlace(ValueError):
    """The place in an address cannot be read for this list."""


class RowValue(Func):
    """A row value. PostgreSQL compares it column by column, with one index over the columns."""

    function = "ROW"


@dataclass(frozen=True, slots=True)
class Term:
    """One column of an order. It is ``nullable`` unless it is known not to be."""

    expression: Any
    descending: bool
    nullable: bool
    nulls_last: bool

    @classmethod
    def of(cls, model: type[Any], part: Any) -> Term:
        if isinstance(part, str):
            part = OrderBy(F(part.lstrip("-+")), descending=part.startswith("-"))
        if not isinstance(part, OrderBy):
            part = OrderBy(part)
        last = not part.descending  # PostgreSQL's default
        if part.nulls_last or part.nulls_first:
            last = bool(part.nulls_last)
        return cls(part.expression, bool(part.descending), _nullable(model, part.expression), last)

    def turned(self) -> Term:
        return Term(self.expression, not self.descending, self.nullable, not self.nulls_last)

    def by(self) -> OrderBy:
        if not self.nullable:
            return OrderBy(self.expression, descending=self.descending)
        nulls = {"nulls_last": True} if self.nulls_last else {"nulls_first": True}
        return OrderBy(self.expression, descending=self.descending, **nulls)


def _name(expression: Any) -> str:
    return str(expression.name)


def _nullable(model: type[Any], expression: Any) -> bool:
    if isinstance(expression, Coalesce):
        return not isinstance(expression.get_source_expressions()[-1], Value)
    if not isinstance(expression, F):
        return True
    for name in _name(expression).split("__"):
        try:
            field = model._meta.pk if name == "pk" else model._meta.get_field(name)
        except FieldDoesNotExist:
            return True
        if field.null or not field.concrete:
            return True
        model = field.related_model or model
    return False


def terms_of(model: type[Any], ordering: Sequence[Any]) -> list[Term]:
    """Return the columns of an order up to the first unique one. Later ones have no effect."""
    fields = model._meta.concrete_fields
    unique = {"pk", *(field.attname for field in fields if field.unique and not field.null)}
    found = []
    for part in ordering:
        found.append(Term.of(model, part))
        if isinstance(part, str) and part.lstrip("-") in unique:
            break
    return found


def keyed(rows: QuerySet[Any], terms: Sequence[Term]) -> QuerySet[Any]:
    """Order rows by the terms, and annotate each with the values that make up its place."""
    found: QuerySet[Any] = rows.annotate(
        **{KEY.format(n): term.expression for n, term in enumerate(terms)}
    )
    return found.order_by(*(term.by() for term in terms))


def beyond(rows: QuerySet[Any], terms: Sequence[Term], place: str) -> QuerySet[Any]:
    """
    Filter ``keyed`` rows for those after a place. The row of the place may be gone.

    :raises UnreadablePlace: if the place is invalid for this order
    """
    values = _values(rows, terms, place)
    names = [KEY.format(n) for n in range(len(terms))]
    if not terms[0].nullable:
        # Redundant, but if the columns belong to two tables, only this condition can use an index.
        lookup = "lte" if terms[0].descending else "gte"
        rows = rows.filter(**{f"{names[0]}__{lookup}": values[0]})
    downwards = {term.descending for term in terms}
    if len(downwards) == 1 and not any(term.nullable for term in terms):
        fields = [rows.query.annotations[name].output_field for name in names]
        here = [
            Value(value, output_field=field) for value, field in zip(values, fields, strict=True)
        ]
        compare = LessThan if downwards == {True} else GreaterThan
        return rows.filter(
            compare(
                RowValue(*(F(name) for name in names), output_field=fields[0]),
                RowValue(*here, output_field=fields[0]),
            )
        )
    # Row values can express neither mixed directions nor nulls. Then each column is compared for
    # rows that are equal in all columns before it.
    wanted, same = Q(pk__in=[]), Q()
    for name, term, value in zip(names, terms, values, strict=True):
        wanted |= same & _after(name, term, value)
        equal = {f"{name}__isnull": True} if value is None else {name: value}
        same &= Q(**equal)
    return rows.filter(wanted)


def _after(name: str, term: Term, value: Any) -> Q:
    if value is None:
        return Q(pk__in=[]) if term.nulls_last else Q(**{f"{name}__isnull": False})
    lookup = "lt" if term.descending else "gt"
    further = Q(**{f"{name}__{lookup}": value})
    if term.nullable and term.nulls_last:
        further |= Q(**{f"{name}__isnull": True})
    return further


def place_of(row: Any, terms: Sequence[Term]) -> str:
    """Return the place of a keyed row, for use in an address."""
    values = [getattr(row, KEY.format(n)) for n in range(len(terms))]
    text = json.dumps(values, cls=_Exact, separators=(",", ":"))
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


class _Exact(DjangoJSONEncoder):
    def default(self, o: Any) -> Any:
        # Django's encoder cuts off microseconds, and a page would begin at the wrong row.
        if hasattr(o, "isoformat"):
            return o.isoformat()
        return super().default(o)


def _values(rows: QuerySet[Any], terms: Sequence[Term], place: str) -> list[Any]:
    if len(place) > MAX_LENGTH:
        raise UnreadablePlace("too long")
    try:
        given = json.loads(urlsafe_b64decode(place + "=" * (-len(place) % 4)))
        fields = [rows.query.annotations[KEY.format(n)].output_field for n in range(len(terms))]
        values = [
            None if value is None else field.to_python(value)
            for field, value in zip(fields, given, strict=True)
        ]
    except (ValueError, TypeError, ValidationError, OverflowError, RecursionError) as error:
        raise UnreadablePlace(str(error)) from None
    # The address may have been changed by hand. These values would make PostgreSQL raise an error.
    if any(value is None and not term.nullable for value, term in zip(values, terms, strict=True)):
        raise UnreadablePlace("no value")
    if any(isinstance(value, str) and "\0" in value for value in values):
        raise UnreadablePlace("NUL")
    if any(isinstance(value, int) and not -(2**63) <= value < 2**63 for value in values):
        raise UnreadablePlace("out of range")
    return values

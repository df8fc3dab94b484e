"""Filters with several values: a row is shown if it matches one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, ClassVar

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _

from routing.desk.links import LinkListFilter, quoted
from routing.work.items import WorkItem

BETWEEN = ","
MOST_VALUES = 50
MOST_NAMES = 2_000  # that a wrong name is compared with
MOST_NEAR = 5
NEWEST = 500  # rows whose texts a filter offers


@dataclass(frozen=True, slots=True)
class ChosenValue:
    """A value of a filter: as it stands in the address, what it stands for, and in words."""

    given: str
    value: Any
    label: str


@dataclass(frozen=True, slots=True)
class UnknownValue:
    """A value of an address that a filter does not have, and similar ones that it has."""

    title: str
    given: str
    near: Sequence[ChosenValue]

    def __str__(self) -> str:
        said = _("“%(value)s” is no value of the filter “%(filter)s”.")
        words = said % {"value": self.given, "filter": self.title}
        if self.near:
            similar = ", ".join(each.label for each in self.near)
            words += " " + _("Similar ones: %(near)s.") % {"near": similar}
        return words


class SeveralValues(LinkListFilter):
    """
    A filter whose parameter has one value or more: ``state=new,triage``, or the parameter twice.

    A value that the filter does not have narrows nothing. ``unknown`` holds it, for the message.
    """

    other_names: ClassVar[tuple[str, ...]] = ()  # of the parameter, in links that were made before
    splits: ClassVar[bool] = True  # a comma ends a value
    typed: ClassVar[bool] = False  # a value is found by typing, because there may be many
    ranges: ClassVar[bool] = False  # the form offers a first and a last day
    prefix = ""  # of the column, from the model of the list; see ``at``
    column = ""

    def __init__(self, request: HttpRequest, params: Any, model: Any, model_admin: Any) -> None:
        self.request, self.model = request, model
        given: list[str] = []
        for name in (self.parameter_name, *self.other_names):
            given += params.pop(name, [])
        self.given = self._values(given)
        super().__init__(request, params, model, model_admin)
        if self.given:
            self.used_parameters[str(self.parameter_name)] = BETWEEN.join(self.given)
        self.chosen = self.read(self.given) if self.given else []
        known = {each.given for each in self.chosen}
        missing = [each for each in self.given if each not in known]
        self.unknown = [UnknownValue(str(self.title), each, self.near(each)) for each in missing]

    def _values(self, given: Iterable[str]) -> list[str]:
        parts: list[str] = []
        for text in given:
            parts += text.split(BETWEEN) if self.splits else [text]
        stripped = [part.strip().replace("\0", "") for part in parts]
        return list(dict.fromkeys(part for part in stripped if part))[:MOST_VALUES]

    def has_output(self) -> bool:
        return True

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return ()

    def read(self, given: Sequence[str]) -> list[ChosenValue]:
        """Return the values that this filter has among those of the address, also by label."""
        labels = {str(value): str(label) for value, label in self.lookup_choices}
        values: dict[str, list[str]] = {}
        for value, label in labels.items():
            values.setdefault(label.casefold(), []).append(value)
        found = []
        for each in given:
            meant = [each] if each in labels else values.get(each.casefold(), [])
            if len(meant) == 1:
                found.append(ChosenValue(each, meant[0], labels[meant[0]]))
        return found

    def find(self, text: str) -> list[ChosenValue]:
        """Return what a person may have meant by a typed text. The first of one is certain."""
        folded = text.casefold()
        return [
            ChosenValue(str(value), value, str(label))
            for value, label in self.lookup_choices
            if folded in {str(value).casefold(), str(label).casefold()}
        ]

    def near(self, text: str) -> list[ChosenValue]:
        """Return values whose name is similar to a text that is none."""
        return nearest(
            text,
            [ChosenValue(str(value), value, str(label)) for value, label in self.lookup_choices],
        )

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if not self.chosen:
            return queryset
        return queryset.filter(self.condition([each.value for each in self.chosen]))

    def condition(self, values: Sequence[Any]) -> Q:
        """Return the condition on the model of the list for rows with one of the values."""
        return Q(**{f"{self.at}{self.column}__in": values})

    @property
    def at(self) -> str:
        return self.prefix

    def address(self, changelist: Any, values: Sequence[str]) -> str:
        """Return the query of the list with these values of the filter and no others."""
        gone: dict[str, Any] = dict.fromkeys(self.other_names)
        now: Any = (BETWEEN.join(values) if self.splits else list(values)) if values else None
        query: str = changelist.get_query_string(gone | {self.parameter_name: now})
        return query

    def without(self, changelist: Any, given: str) -> str:
        return self.address(changelist, [each for each in self.given if each != given])

    def offered(self) -> Sequence[tuple[str, Any]]:
        """Return the choices that are not chosen yet."""
        choices = [(str(value), label) for value, label in self.lookup_choices]
        return [choice for choice in choices if choice[0] not in self.given]

    def choices(self, changelist: Any) -> Iterator[Any]:
        nothing = self.address(changelist, [])
        yield {"selected": not self.chosen, "query_string": nothing, "display": _("All")}
        for each in self.chosen:
            if each.given not in {str(value) for value, _label in self.lookup_choices}:
                yield {
                    "selected": True,
                    "query_string": self.without(changelist, each.given),
                    "display": each.label,
                }
        joined = nothing if nothing == "?" else f"{nothing}&"
        kept = self.given if self.splits else []
        for value, label in self.lookup_choices:
            if str(value) in self.given:
                query = self.without(changelist, str(value))
            else:
                now = "%2C".join(quoted(each) for each in (*kept, str(value)))
                query = f"{joined}{self.parameter_name}={now}"
            yield {
                "selected": str(value) in self.given,
                "query_string": query,
                "display": label,
            }


class AtItem(SeveralValues):
    """A filter by a column of the work item, for lists of work items and of what has one."""

    @property
    def at(self) -> str:
        return "" if self.model is WorkItem else "item__"


def several(column: str, *, name: str = "", title: Any = "", **more: Any) -> type[SeveralValues]:
    """
    Return a filter by a column with choices, of the model of the list.

    :param column: its lookup, which older links have as ``<column>__exact``
    """

    class OfColumn(SeveralValues):
        parameter_name = name or column
        other_names = (f"{column}__exact", *((column,) if name else ()))

        def __init__(self, request: HttpRequest, params: Any, model: Any, page: Any) -> None:
            self.field: Any = model._meta.get_field(column)
            self.title = title or self.field.verbose_name
            super().__init__(request, params, model, page)

        def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
            return [(str(value), label) for value, label in self.field.flatchoices]

    OfColumn.column = column
    for key, value in more.items():
        setattr(OfColumn, key, value)
    return OfColumn


def several_texts(column: str, words: Callable[[str], str] = str) -> type[SeveralValues]:
    """
    Return a filter by a column of short texts that are few, such as names of operations.

    It offers those of the newest rows, because looking at every row of a long table would take
    long. Others can be typed.

    :param words: returns the name of a text, which can be typed as well
    """

    class OfTexts(SeveralValues):
        parameter_name = column
        other_names = (f"{column}__exact",)
        typed = True

        def __init__(self, request: HttpRequest, params: Any, model: Any, page: Any) -> None:
            self.title = model._meta.get_field(column).verbose_name
            super().__init__(request, params, model, page)

        def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
            newest = self.model._base_manager.order_by("-pk").values(column)[:NEWEST]
            found = {row[column] for row in newest}
            named = [(text, words(text)) for text in found if text]
            return sorted(named, key=lambda choice: (choice[1].casefold(), choice[0]))

        def read(self, given: Sequence[str]) -> list[ChosenValue]:
            known = {value for value, _label in self.lookup_choices}
            rows = self.model._base_manager
            return [
                ChosenValue(each, each, words(each))
                for each in given
                if each in known or rows.filter(**{column: each}).exists()
            ]

        def find(self, text: str) -> list[ChosenValue]:
            return self.read([text]) or super().find(text)

    OfTexts.column = column
    return OfTexts


def several_related(path: str, *, name: str, title: Any = "") -> type[SeveralValues]:
    """
    Return a filter by a foreign key to rows that are few and that everybody at the desk may see.

    :param path: its lookup, which older links have as ``<path>__id__exact``
    """

    class OfRelated(SeveralValues):
        parameter_name = name
        other_names = (f"{path}__id__exact",)

        def __init__(self, request: HttpRequest, params: Any, model: Any, page: Any) -> None:
            field: Any = None
            for part in path.split("__"):
                field = (model if field is None else field.related_model)._meta.get_field(part)
            self.to: Any = field.related_model
            self.title = title or field.verbose_name
            super().__init__(request, params, model, page)

        def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
            return [(str(row.pk), str(row)) for row in self.to._default_manager.all()]

    OfRelated.column = path
    return OfRelated


def nearest(text: str, choices: Sequence[ChosenValue]) -> list[ChosenValue]:
    """Return the choices whose value or label is like a text, the most similar first."""
    by_word: dict[str, ChosenValue] = {}
    for each in choices:
        by_word.setdefault(each.label.casefold(), each)
        by_word.setdefault(each.given.casefold(), each)
        for word in each.label.casefold().split():
            by_word.setdefault(word, each)
    found = [by_word[word] for word in get_close_matches(text.casefold(), by_word, MOST_NEAR)]
    return list(dict.fromkeys(found))

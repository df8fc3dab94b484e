"""
The bar above a list: its filters as chips, a form that adds one, and its columns. All of it works
without JavaScript: a chip is a link, and each form leads to another address of the list.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.admin.views.main import ORDER_VAR
from django.http import HttpRequest, QueryDict
from django.utils.html import format_html, format_html_join
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from routing.desk.change_list import AFTER, BEFORE, COLUMNS, NUMBER, PICKED, DeskList
from routing.desk.choosing import PLACE, numbered_sort, placed, sort_of
from routing.desk.several import BETWEEN, ChosenValue, SeveralValues, UnknownValue

if TYPE_CHECKING:
    from routing.desk.base import DeskAdmin

ADD = "add"  # a value as “state=new”, or with a dot and the name of a filter: what was typed
FIRST, LAST = "first", "last"  # days of a range
TO = ".."
MOVING = (AFTER, BEFORE, NUMBER, PICKED, "p", "e")  # of one page of the list, not of the list


@dataclass(frozen=True, slots=True)
class Chip:
    """A value by which the list is narrowed, and the address without it, empty for a default."""

    filter: str
    value: str
    without: str = ""


@dataclass(frozen=True, slots=True)
class ChoiceGroup:
    title: str
    choices: Sequence[tuple[str, str]]  # as the form sends it, and in words


@dataclass(frozen=True, slots=True)
class Entry:
    """A filter whose value is typed, or is a range of days."""

    name: str
    title: str
    ranges: bool


def chips_of(cl: DeskList) -> Iterator[Chip]:
    for spec in cl.filter_specs:
        title = capfirst(str(spec.title))
        if isinstance(spec, SeveralValues):
            for each in spec.chosen:
                yield Chip(title, each.label, spec.without(cl, each.given))
            for missing in spec.unknown:
                said = _("%(value)s (unknown)") % {"value": missing.given}
                yield Chip(title, said, spec.without(cl, missing.given))
            continue
        given = [name for name in spec.expected_parameters() if name in cl.filter_params]
        if given or getattr(spec, "has_default", False):
            shown = [each for each in spec.choices(cl) if each.get("selected")]
            without = cl.get_query_string(dict.fromkeys(given)) if given else ""
            label = str(shown[0]["display"]) if shown else BETWEEN.join(given)
            yield Chip(title, label, without)


def choice_groups(cl: DeskList) -> list[ChoiceGroup]:
    """Return the values that the form offers to add."""
    found = []
    for spec in cl.filter_specs:
        if isinstance(spec, SeveralValues) and (offered := spec.offered()):
            name = spec.parameter_name
            choices = [(f"{name}={value}", str(label)) for value, label in offered]
            found.append(ChoiceGroup(capfirst(str(spec.title)), choices))
    return found


def entries(cl: DeskList) -> list[Entry]:
    specs = [spec for spec in cl.filter_specs if isinstance(spec, SeveralValues)]
    return [
        Entry(str(spec.parameter_name), capfirst(str(spec.title)), spec.ranges)
        for spec in specs
        if spec.typed or spec.ranges
    ]


def is_refined(query: QueryDict) -> bool:
    """Return whether an address is one of the forms of the bar."""
    return any(name == ADD or name.startswith((f"{ADD}.", PLACE)) for name in query)


def refined(page: DeskAdmin[Any], request: HttpRequest) -> QueryDict:
    """
    Return the query of the list with what the forms of the bar add, and say what is unclear.
    """
    query, given = still(request.GET), request.GET
    for name in list(query):
        if name == ADD or name.startswith((f"{ADD}.", PLACE)):
            del query[name]
    if any(name.startswith(PLACE) for name in given):
        return _with_columns(page, request, query, placed(page, given))
    picked = [each.partition("=") for each in given.getlist(ADD)]
    for spec in filters_of(page, request):
        name = str(spec.parameter_name)
        values = [value for of, _sign, value in picked if of == name and value]
        typed = [given.get(f"{ADD}.{name}", "").strip()]
        days = [given.get(f"{ADD}.{name}.{end}", "").strip() for end in (FIRST, LAST)]
        if any(days):
            typed.append(TO.join(days))
        found = [_meant(spec, text, request, query) for text in typed if text]
        values += [each.given for each in found if each]
        if values:
            _add(query, spec, values)
    return query


def still(query: QueryDict) -> QueryDict:
    """Return the query of a list without the place of one of its pages."""
    found = query.copy()
    for name in MOVING:
        found.pop(name, None)
    return found


def no_such_filter(page: DeskAdmin[Any], request: HttpRequest) -> str:
    """Return that a list has no filter of this name, with those whose names are similar."""
    known = [str(spec.parameter_name) for spec in filters_of(page, request)]
    near: dict[str, None] = {}
    for name in request.GET:
        if name not in known:
            near |= dict.fromkeys(get_close_matches(name, known))
    said = _("The address has a filter that this list does not have. The list has no filters now.")
    if not near:
        return said
    return f"{said} {_('Similar ones: %(near)s.') % {'near': ', '.join(near)}}"


def in_address(query: QueryDict) -> str:
    """Return a query as it stands in an address, with commas that people can read."""
    return query.urlencode(safe=BETWEEN)


def filters_of(page: DeskAdmin[Any], request: HttpRequest) -> list[SeveralValues]:
    """Return the filters of a list that have several values, as the address has them."""
    kinds = [each for each in page.get_list_filter(request) if isinstance(each, type)]
    given = dict(request.GET.lists())
    return [
        kind(request, given, page.model, page) for kind in kinds if issubclass(kind, SeveralValues)
    ]


def _with_columns(
    page: DeskAdmin[Any], request: HttpRequest, query: QueryDict, columns: str
) -> QueryDict:
    # Columns have other numbers now, and the rows keep their order.
    sort = sort_of(page, request, query)
    query.pop(COLUMNS, None)
    if columns:
        query[COLUMNS] = columns
    query.pop(ORDER_VAR, None)
    if order := numbered_sort(page, request, query, sort):
        query[ORDER_VAR] = order
    return query


def _add(query: QueryDict, spec: SeveralValues, values: Sequence[str]) -> None:
    for name in spec.other_names:
        query.pop(name, None)
    every = list(dict.fromkeys((*spec.given, *values)))
    query.setlist(str(spec.parameter_name), [BETWEEN.join(every)] if spec.splits else every)


def _meant(
    spec: SeveralValues, text: str, request: HttpRequest, query: QueryDict
) -> ChosenValue | None:
    """Return the value that a typed text means, or say which it could mean and return None."""
    found = spec.find(text)
    if len(found) == 1:
        return found[0]
    if found:
        words = _("“%(text)s” could be several values of “%(filter)s”: ")
        said = words % {"text": text, "filter": spec.title}
    else:
        said = f"{UnknownValue(str(spec.title), text, ())} "
    near = found or spec.near(text)
    messages.warning(request, format_html("{}{}", said, _links(near, spec, query)))
    return None


def _links(near: Sequence[ChosenValue], spec: SeveralValues, query: QueryDict) -> str:
    choices = []
    for each in near:
        wanted = query.copy()
        _add(wanted, spec, [each.given])
        choices.append((in_address(wanted), each.label))
    return format_html_join(", ", '<a class="tl-link" href="?{}">{}</a>', choices)

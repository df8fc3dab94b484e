"""What the bar above a list shows: the view, chips, forms for filters and columns, and faults."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.admin.views.main import SEARCH_VAR
from django.http import HttpRequest, QueryDict
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from routing.desk.addresses import address
from routing.desk.change_list import COLUMNS, VIEW, DeskList
from routing.desk.choosing import ColumnChoice, column_choices
from routing.desk.opening import NO_VIEW, ListState, query_of, view_in
from routing.desk.refining import (
    Chip,
    ChoiceGroup,
    Entry,
    chips_of,
    choice_groups,
    entries,
    in_address,
    still,
)
from routing.desk.saved_views import View, may_change, may_take_over
from routing.people.actors import Actor


@dataclass(frozen=True, slots=True)
class ViewLinks:
    """The open view, and what its reader may do with it. Addresses are empty if they may not."""

    view: View
    differs: bool  # the list has been narrowed otherwise since the view was opened
    saved: str  # the list as the view has it
    leave: str  # the list without the view
    page: str
    keep: str  # saves the list as it is now under this view, by POST
    take_over: str
    owner_left: bool


@dataclass(frozen=True, slots=True)
class Bar:
    chips: Sequence[Chip]
    clear: str
    groups: Sequence[ChoiceGroup]
    entries: Sequence[Entry]
    columns: Sequence[ColumnChoice]
    usual_columns: str  # the address with the columns of the list, empty if it has them
    hidden: Sequence[tuple[str, str]]
    faults: Sequence[str]
    view: ViewLinks | None
    save: str
    query: str


def bar_of(cl: DeskList, request: HttpRequest, by: Actor) -> Bar:
    page, given = cl.model_admin, still(request.GET)
    faults = [str(fault) for fault in cl.faults]
    view = None
    if slug := given.get(VIEW, "").strip(NO_VIEW):
        found = view_in(page, given, by)
        if found is None:
            faults.append(_("You have no view “%(slug)s” of this list.") % {"slug": slug})
        else:
            view = _links_of(found, page, request, given, by)
    chips = list(chips_of(cl))
    chosen = any(chip.without for chip in chips)
    query = in_address(given)
    may_save = page.list_name and by.may("routing.add_view")
    return Bar(
        chips=chips,
        clear=_without_filters(given) if chosen else "",
        groups=choice_groups(cl),
        entries=entries(cl),
        columns=column_choices(page, given),
        usual_columns=_without(given, COLUMNS) if COLUMNS in given else "",
        hidden=_pairs(given),
        faults=faults,
        view=view,
        save=f"{address(View, 'add')}?{urlencode({'list': page.list_name, 'query': query})}"
        if may_save
        else "",
        query=query,
    )


def _pairs(query: QueryDict) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for name, values in query.lists():
        found += [(name, value) for value in values]
    return found


def _links_of(
    view: View, page: Any, request: HttpRequest, given: QueryDict, by: Actor
) -> ViewLinks:
    differs = ListState.of_address(page, request, given) != ListState.of_view(view)
    return ViewLinks(
        view=view,
        differs=differs,
        saved=f"?{in_address(query_of(view, page, request))}",
        leave=f"?{VIEW}={NO_VIEW}",
        page=address(View, "change", view.pk),
        keep=address(View, "keep", view.pk) if differs and may_change(view, by) else "",
        take_over=address(View, "take_over", view.pk) if may_take_over(view, by) else "",
        owner_left=not view.owner.is_active,
    )


def _without_filters(given: QueryDict) -> str:
    kept = QueryDict(mutable=True)
    for name in (SEARCH_VAR, COLUMNS, VIEW, "o"):
        if name in given:
            kept.setlist(name, given.getlist(name))
    return f"?{in_address(kept)}"


def _without(given: QueryDict, name: str) -> str:
    kept = given.copy()
    kept.pop(name, None)
    return f"?{in_address(kept)}"

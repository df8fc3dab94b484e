"""Saved views: making, changing, taking over and removing them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import IntegrityError, transaction
from django.http import QueryDict
from django.utils.translation import gettext as _

from routing.desk.named_lists import UnknownList, named_list, rows_of
from routing.desk.opening import ListState
from routing.desk.saved_views import (
    CHANGE,
    MOST_QUERY,
    SET_DEFAULT,
    View,
    may_change,
    may_take_over,
)
from routing.kernel.roles import EVERYONE, OPS, Role, grant
from routing.kernel.slugs import slug_of
from routing.people.actors import Actor
from routing.people.saving import save_with_reason
from routing.people.staff import User
from routing.work.gates import GateResult, refused

grant("routing.view_view", *EVERYONE)
grant("routing.add_view", *EVERYONE)
grant(CHANGE, *EVERYONE)
grant(SET_DEFAULT, OPS)

MOST_VIEWS = 200  # of one person


class ViewRefused(Exception):
    """The view is not saved, changed or removed. ``refusal`` says why."""

    def __init__(self, refusal: GateResult) -> None:
        super().__init__(str(refusal.message))
        self.refusal = refusal


@dataclass(frozen=True, slots=True)
class ViewValues:
    """What a person says about a view. ``team`` is an id, ``role`` a value of ``Role`` or empty."""

    name: str
    team: int | None = None
    role: str = ""
    is_pinned: bool = True


def make_view(
    list_name: str, state: ListState, values: ViewValues, *, by: Actor, at: datetime
) -> View:
    """
    Save a list as a new view of the actor.

    :raises PermissionDenied: if the actor may not save views, or not see the list
    :raises ViewRefused: if the list, its filters, the team or the role are refused
    """
    by.require("routing.add_view", to=_("save views"))
    _check_values(values, by, None)
    _check_list(list_name, state, by)
    if View.objects.filter(owner=by.user_id).count() >= MOST_VIEWS:
        raise _refusal("too_many", _("You have too many views. Remove one first."))
    view = View(list_name=list_name, owner_id=by.user_id)
    _take(view, values)
    _keep(view, state)
    view.slug = _free_slug(values.name)
    _save(view, by=by, at=at)
    return view


def change_view(
    view_id: int,
    values: ViewValues | None = None,
    state: ListState | None = None,
    *,
    by: Actor,
    at: datetime,
    reason: str = "",
) -> View:
    """
    Change what is said about a view, or the list that it keeps. None leaves it as it is.

    :raises PermissionDenied: if the actor may not change it
    :raises ViewRefused: if the filters, the team or the role are refused
    :raises View.DoesNotExist: if it is gone, or the actor does not see it
    """
    with transaction.atomic():
        view = _locked(view_id, by)
        if not may_change(view, by):
            raise PermissionDenied(_("Only its owner changes a view. Save a view of your own."))
        if values is not None:
            _check_values(values, by, view)
            _take(view, values)
        if state is not None:
            _check_list(view.list_name, state, by)
            _keep(view, state)
        _save(view, by=by, at=at, reason=reason)
    return view


def take_over_view(view_id: int, *, by: Actor, at: datetime) -> View:
    """
    Become the owner of a view whose owner has left.

    :raises ViewRefused: if its owner is still there
    :raises View.DoesNotExist: if it is gone, or the actor does not see it
    """
    with transaction.atomic():
        view = _locked(view_id, by)
        if not may_take_over(view, by):
            words = _("%(owner)s still owns this view.") % {"owner": view.owner}
            raise _refusal("owner_is_there", words)
        reason = _("Taken over from %(owner)s") % {"owner": f"#{view.owner_id}"}
        view.owner_id = by.user_id
        _save(view, by=by, at=at, reason=reason)
    return view


def remove_view(view_id: int, *, by: Actor, at: datetime, reason: str = "") -> None:
    """
    Remove a view. Its history stays.

    :raises PermissionDenied: if the actor may not change it
    :raises View.DoesNotExist: if it is gone, or the actor does not see it
    """
    with transaction.atomic():
        view = _locked(view_id, by)
        if not may_change(view, by):
            raise PermissionDenied(_("Only its owner removes a view."))
        view._history_user = User(pk=by.user_id)  # type: ignore[attr-defined]
        view._history_date, view._change_reason = at, reason  # type: ignore[attr-defined]
        view.delete()


def _locked(view_id: int, by: Actor) -> View:
    rows = View.objects.seen_by(by).select_related("owner", "team")
    return rows.select_for_update(of=("self",)).get(pk=view_id)


def _check_values(values: ViewValues, by: Actor, view: View | None) -> None:
    if not values.name.strip():
        raise _refusal("name", _("Enter a name."))
    had_role, had_team = (view.role, view.team_id) if view else ("", None)
    if values.role != had_role and not by.may(SET_DEFAULT):
        raise _refusal("default", _("Only an operations lead sets the default view of a role."))
    if values.role and values.role not in Role.values:
        raise _refusal("role", _("There is no such role."))
    theirs = values.team is None or values.team in by.team_ids or by.may(SET_DEFAULT)
    if values.team != had_team and not theirs:
        raise _refusal("team", _("Share a view with a team that you belong to."))


def _check_list(list_name: str, state: ListState, by: Actor) -> None:
    if len(state.query) > MOST_QUERY:
        raise _refusal("too_long", _("The filters are too long to be saved."))
    try:
        page = named_list(list_name)
        query = QueryDict(state.query, mutable=True)
        query["cols"] = state.columns
        rows_of(page, User.objects.get(pk=by.user_id), query)
    except UnknownList as unknown:
        raise _refusal("list", str(unknown)) from unknown
    except SuspiciousOperation as unreadable:
        words = str(unreadable) or _("The list has no such filter.")
        raise _refusal("filters", words) from unreadable


def _take(view: View, values: ViewValues) -> None:
    view.name, view.team_id = values.name.strip(), values.team
    view.role, view.is_pinned = values.role, values.is_pinned


def _keep(view: View, state: ListState) -> None:
    view.query, view.columns, view.sort = state.query, state.columns, state.sort


def _save(view: View, *, by: Actor, at: datetime, reason: str = "") -> None:
    try:
        with transaction.atomic():
            save_with_reason(view, by=by, at=at, reason=reason)
    except IntegrityError as error:
        if "view_one_default" not in str(error):
            raise
        words = _("%(role)s has another default view of this list. Change that one first.")
        named = {"role": Role(view.role).label}
        raise _refusal("another_default", words % named) from error


def _free_slug(name: str) -> str:
    base = slug_of(name) or "view"
    taken = set(View.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    slug, number = base, 2
    while slug in taken:
        slug, number = f"{base}-{number}", number + 1
    return slug


def _refusal(code: str, words: str) -> ViewRefused:
    return ViewRefused(refused(code, words))

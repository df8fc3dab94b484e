"""
Absences of people: who may enter them, and what an absence must not be.

People enter their own, and operations leads those of everybody.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from routing.cover.absences import Absence
from routing.kernel.channel import with_channel
from routing.kernel.roles import EVERYONE, OPS, grant
from routing.people.actors import Actor
from routing.people.rights import OWN_WORK
from routing.people.saving import save_with_reason, tell
from routing.people.staff import User
from routing.work.gates import GateResult, refused
from routing.work.registry import announce, reactions

OWN = "routing.plan_own_absence"
grant("routing.view_absence", *EVERYONE)
grant(OWN, *EVERYONE, name="Can enter, change and end their own absences")
for _verb in ("add", "change", "delete"):
    grant(f"routing.{_verb}_absence", OPS)

SAVED = announce("routing.absence.save")
ENDED = announce("routing.absence.end")


class CannotBeAway(Exception):
    """
    The absences were not saved. ``refusals`` says why, and ``row`` is the first that was refused.
    """

    def __init__(self, row: Absence, refusals: Sequence[GateResult]) -> None:
        super().__init__(" ".join(str(each.message) for each in refusals))
        self.row, self.refusals = row, refusals


def may_plan(by: Actor, who: int | None, *, verb: str = "change") -> bool:
    """
    Return whether ``by`` may enter, change or end absences of a person.

    :param who: user id, or None for anybody
    :param verb: add, change or delete
    """
    return by.may(f"routing.{verb}_absence") or (who == by.user_id and by.may(OWN))


def save_absences(
    rows: Sequence[Absence], *, by: Actor, at: datetime, reason: str = ""
) -> list[Absence]:
    """
    Save new or changed absences: all of them, or none. Reactions to ``SAVED`` run in the same
    transaction.

    :raises PermissionDenied: if ``by`` may not enter absences of one of these people
    :raises CannotBeAway: see ``refusals_of``
    """
    for row in rows:
        if not may_plan(by, row.user_id):
            by.require("routing.change_absence", to="enter absences of other people")
    why = with_channel(reason)
    with transaction.atomic():
        _one_at_a_time(rows)
        for row in rows:
            # After those before it are saved: two of one call may overlap, too.
            if against := refusals_of(row):
                raise CannotBeAway(row, against)
            save_with_reason(row, by=by, at=at, reason=why)
            tell(SAVED.kind, row.pk, by=by, at=at)
        for reaction in reactions(SAVED.kind) if rows else ():
            reaction(rows, by, at)
    return list(rows)


def end_absence(pk: int, *, by: Actor, at: datetime, reason: str = "") -> None:
    """
    End an absence now, because the person is back, or remove it if it has not begun. One that has
    ended stays as it is. Reactions to ``ENDED`` run in the same transaction.

    :raises PermissionDenied: if ``by`` may not change absences of this person
    :raises Absence.DoesNotExist: if there is no such absence
    """
    with transaction.atomic():
        row = Absence.objects.select_for_update(of=("self",)).select_related("user").get(pk=pk)
        if not may_plan(by, row.user_id, verb="delete"):
            by.require("routing.delete_absence", to="end absences of other people")
        if row.ends_at <= at:
            return
        if row.starts_at < at:
            row.ends_at = at
            save_with_reason(row, by=by, at=at, reason=reason or str(_("Back earlier.")))
        else:
            row._history_user, row._history_date = User(pk=by.user_id), at  # type: ignore[attr-defined]
            row._change_reason = reason  # type: ignore[attr-defined]
            row.delete()
        tell(ENDED.kind, pk, by=by, at=at)
        for reaction in reactions(ENDED.kind):
            reaction([row], by, at)


def refusals_of(row: Absence) -> list[GateResult]:
    """
    Return the reasons against saving this absence.

    The form and the operation share the answer. Codes: ``period``, ``overlap``, ``substitute``.
    """
    if row.ends_at <= row.starts_at:
        words = _("The end of an absence must be after its start.")
        return [refused("period", words, clears_by=_("You: enter a later end"))]
    found = []
    same = Absence.objects.within(row.starts_at, row.ends_at).select_related("user")
    other = same.filter(user=row.user_id).exclude(pk=row.pk).order_by("starts_at").first()
    if other is not None:
        words = _("This overlaps another absence of %(who)s: %(period)s.")
        found.append(
            refused(
                "overlap",
                words % {"who": other.user, "period": other.words()},
                clears_by=_("You: choose other days, or change the other absence"),
            )
        )
    if row.substitute_id is not None:
        found += _against_substitute(row, row.substitute_id)
    return found


def _against_substitute(row: Absence, substitute: int) -> list[GateResult]:
    """Return the reason against the substitute of an absence."""
    choose = _("You: choose someone else")
    if substitute == row.user_id:
        words = _("The substitute must be another person.")
        return [refused("substitute", words, clears_by=choose)]
    able = User.objects.staff().who_may(OWN_WORK)
    if not able.filter(pk=substitute).exists():
        words = _("The substitute must be active and have a role that can own work.")
        return [refused("substitute", words, clears_by=choose)]
    theirs = Absence.objects.within(row.starts_at, row.ends_at).filter(user=substitute)
    away = theirs.select_related("user").order_by("starts_at").first()
    if away is None:
        return []
    words = _("%(who)s is away in this time: %(period)s.")
    said = words % {"who": away.user, "period": away.words()}
    return [refused("substitute", said, clears_by=choose)]


def _one_at_a_time(rows: Sequence[Absence]) -> None:
    """Make others who save absences of the same people wait, so that none overlap unseen."""
    people = sorted({row.user_id for row in rows})
    locked = User.objects.filter(pk__in=people).order_by("pk").select_for_update(no_key=True)
    list(locked.values_list("pk"))

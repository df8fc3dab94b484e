"""Forms of the steps that every piece of work has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminSelectWidget

from routing.desk.away import AsksAboutAbsence
from routing.desk.forms import StepForm, date, step_form
from routing.people.clearance import SEE_ALL, closed_clients
from routing.people.rights import DO_WORK, OWN_WORK
from routing.people.staff import User
from routing.work.items import WorkItem
from routing.work.kinds import kind_label
from routing.work.locking import open_along
from routing.work.operations import items
from routing.work.visibility import work_seen_by

MOST_PARTS = 100


@step_form(items.resume_later)
class ResumeLaterForm(StepForm):
    coming = ("day",)

    day = date(
        _("Resumes on"),
        required=False,
        help_text=_("It resumes when that day begins for its owner. Empty: somebody resumes it."),
    )

    def known(self, row: Any) -> dict[str, Any]:
        return {"day": row.resumes_date}


def _person(label: Any, *, help_text: Any, required: bool = True) -> Any:
    return forms.TypedChoiceField(
        label=label,
        required=required,
        empty_value=None,
        help_text=help_text,
        widget=UnfoldAdminSelectWidget(),
        error_messages={
            "invalid_choice": forms.ModelChoiceField.default_error_messages["invalid_choice"]
        },
    )


def _choose_from(field: Any, people: Sequence[User], empty: Any) -> None:
    by_id = {str(person.pk): person for person in people}
    field.choices = [("", empty), *((pk, str(person)) for pk, person in by_id.items())]
    field.coerce = by_id.__getitem__


@step_form(items.hand_over)
class HandOverForm(AsksAboutAbsence, StepForm):
    people = ("owner", "backup", "doer")

    owner = _person(_("Owner"), help_text=_("Accountable from now on."))
    backup = _person(
        _("Backup"),
        help_text=_("Covers when the owner is away. Must be a different person."),
    )
    doer = _person(_("Assignee"), required=False, help_text=_("Does the work."))

    along = forms.TypedMultipleChoiceField(
        label=_("Reassign with it"),
        required=False,
        coerce=int,
        widget=UnfoldAdminCheckboxSelectMultipleWidget(),
        help_text=_(
            "Open work below this or beside it, with its present owner. What you choose gets the "
            "same owner and backup and keeps its assignee."
        ),
    )

    def known(self, row: Any) -> dict[str, Any]:
        return {"owner": row.owner_id, "backup": row.backup_id, "doer": row.doer_id}

    def prepare(self) -> None:
        # One query for the three fields, however many rows there are.
        rights = User.objects.staff().with_rights(owns=OWN_WORK, does=DO_WORK, sees=SEE_ALL)
        closed = closed_clients(row.client_id for row in self.rows)
        every: list[Any] = list(rights.annotate(closed=closed))
        staff = [person for person in every if person.sees or not person.closed]
        owners = [person for person in staff if person.owns]
        _choose_from(self.fields["owner"], owners, _("Choose"))
        _choose_from(self.fields["backup"], owners, _("Choose"))
        doers = [person for person in staff if person.does]
        _choose_from(self.fields["doer"], doers, _("Unassigned"))
        self.parts = self._parts()
        if not self.parts:
            del self.fields["along"]
            return
        along: Any = self.fields["along"]
        along.choices = [(part.pk, _part_in_words(part)) for part in self.parts]
        owner_ids = {row.owner_id for row in self.rows}
        along.initial = [part.pk for part in self.parts if part.owner_id in owner_ids]

    def _parts(self) -> list[WorkItem]:
        """
        Return the open work below and beside the rows that this person sees, as far as it is
        listed.
        """
        above = [row.pk for row in self.rows]
        below = [part for part, _held_by in open_along(above)]
        seen = work_seen_by(self.actor).filter(pk__in=below).select_related("owner", "doer")
        return list(seen.order_by("pk")[:MOST_PARTS])

    def values(self) -> dict[str, Any]:
        found = super().values()
        along = tuple(found.pop("along", ()))
        people = {name: person.pk if person else None for name, person in found.items()}
        return {**people, "along": along}

    def done_message(self, row: Any) -> str:
        """Return which parts went along, and which stayed with their owner."""
        refs: dict[bool, list[str]] = {True: [], False: []}
        chosen = set(self.cleaned_data.get("along", ()))
        after = WorkItem.objects.in_bulk([part.pk for part in self.parts])
        for part in self.parts:
            moved = part.pk in chosen and after[part.pk].owner_id == row.owner_id
            refs[moved].append(part.ref)
        said = []
        if refs[True]:
            said.append(gettext("Reassigned with it: %(refs)s.") % {"refs": ", ".join(refs[True])})
        if refs[False]:
            words = gettext("Unchanged: %(refs)s.")
            said.append(words % {"refs": ", ".join(refs[False])})
        return " ".join(said)


def _part_in_words(part: WorkItem) -> str:
    words = gettext("%(kind)s %(work)s. Owner: %(owner)s")
    shown = words % {"kind": kind_label(part), "work": part, "owner": part.owner}
    if part.doer:
        shown += gettext(", assignee: %(who)s") % {"who": part.doer}
    return shown

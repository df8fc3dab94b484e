"""Forms of the steps that every piece of work has."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from routing.desk.away import AsksAboutAbsence
from routing.desk.forms import StepForm, picked, step_form
from routing.people.rights import DO_WORK, OWN_WORK
from routing.people.staff import User
from routing.work.operations import items


@step_form(items.hand_over)
class HandOverForm(AsksAboutAbsence, StepForm):
    people = ("owner", "backup", "doer")

    owner = picked(_("Owner"), User.objects.none(), help_text=_("Accountable from now on."))
    backup = picked(
        _("Backup"),
        User.objects.none(),
        help_text=_("Covers when the owner is away. Must be a different person."),
    )
    doer = picked(
        _("Assignee"),
        User.objects.none(),
        required=False,
        empty=_("Unassigned"),
        help_text=_("Does the work."),
    )

    def known(self, row: Any) -> dict[str, Any]:
        return {"owner": row.owner_id, "backup": row.backup_id, "doer": row.doer_id}

    def prepare(self) -> None:
        for name, right in (("owner", OWN_WORK), ("backup", OWN_WORK), ("doer", DO_WORK)):
            self.fields[name].queryset = User.objects.staff().who_may(right)  # type: ignore[attr-defined]

    def values(self) -> dict[str, Any]:
        return {name: person.pk if person else None for name, person in super().values().items()}

"""Save the agency, whose default owner and backup take work that nobody else owns."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from routing.cover.agency import Agency
from routing.kernel.roles import AM, AUDITOR, INTEGRATIONS, OPS, QA, grant
from routing.people.actors import Actor
from routing.people.saving import save_with_reason, tell
from routing.work.registry import announce, reactions

SAVED = announce("routing.agency.save")

grant("routing.view_agency", AM, QA, OPS, INTEGRATIONS, AUDITOR)
grant("routing.change_agency", OPS)
grant("routing.add_agency", OPS)


def save_agency(row: Agency, *, by: Actor, at: datetime, reason: str = "") -> None:
    """
    Save the agency's name, default team, owner and backup. Reactions to ``SAVED`` run in the same
    transaction.

    :raises PermissionDenied: if ``by`` may not change the agency
    """
    with transaction.atomic():
        known = Agency.objects.select_for_update().first()
        by.require(
            f"routing.{'change' if known else 'add'}_agency", to="say who answers for the agency"
        )
        row.pk, row._state.adding = 1, known is None
        save_with_reason(row, by=by, at=at, reason=reason)
        tell(SAVED.kind, row.pk, by=by, at=at)
        for reaction in reactions(SAVED.kind):
            reaction([row], by, at)

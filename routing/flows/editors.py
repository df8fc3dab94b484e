"""
The people who may edit drafts of a flow. Pages, operations and commands ask here alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

from django.core.exceptions import PermissionDenied
from django.db.models import Q

from routing.flows.flow_people import names_of
from routing.flows.models import Flow, FlowVersion
from routing.flows.rules import Rule
from routing.kernel.roles import AM, INTEGRATIONS, OPS, QA, grant, holders
from routing.people.actors import Actor
from routing.people.staff import User

EDIT_ALL = "routing.change_flowversion"
EDIT_OWN = "routing.edit_own_flow"

# Those who may own work, because only they can be policy owners or lead a team.
grant(EDIT_OWN, AM, QA, OPS, INTEGRATIONS, name="Can edit rules of flows they answer for")


class EditScope(IntEnum):
    """
    The parts of the drafts of a flow that somebody may edit.

    ``RULES`` are rules with their conditions, what triggers compare with, and the texts.
    """

    NOTHING = 0
    RULES = 1
    EVERYTHING = 2


def own_flows(by: Actor) -> Q:
    """
    Return the condition on flows that are somebody's own: those whose policy owner or policy backup
    they are and, where the flow lets team leads edit, those whose live rules route to a team that
    they lead.
    """
    live = FlowVersion.objects.live().values("pk")
    routed = Rule.objects.filter(version__in=live, team__lead=by.user_id)
    led = Q(leads_may_edit=True, pk__in=routed.values("version__flow"))
    return Q(owner=by.user_id) | Q(backup=by.user_id) | led


def edit_scope(by: Actor, flow_id: int) -> EditScope:
    """Return how much of the drafts of a flow this actor may edit."""
    if by.may(EDIT_ALL):
        return EditScope.EVERYTHING
    if by.may(EDIT_OWN) and Flow.objects.filter(own_flows(by), pk=flow_id).exists():
        return EditScope.RULES
    return EditScope.NOTHING


def require_editor(by: Actor, flow: Flow) -> None:
    """
    Refuse an actor who may edit nothing of a flow's drafts.

    :raises PermissionDenied: if that is so
    """
    if not edit_scope(by, flow.pk):
        raise PermissionDenied(f"{by.name} may not change drafts of {flow}.")


def editors_of(flow: Flow) -> Sequence[User]:
    """Return the people whose own flow it is, by their names."""
    people = Q(pk__in=[flow.owner_id, flow.backup_id])
    if flow.leads_may_edit:
        live = FlowVersion.objects.live().filter(flow=flow).values("pk")
        people |= Q(pk__in=Rule.objects.filter(version__in=live).values("team__lead"))
    able = User.objects.staff().who_may(EDIT_OWN)
    return list(able.filter(people).order_by("full_name", "pk"))


def editors_words(flow: Flow) -> str:
    """Return who may edit drafts of a flow, for a refusal: names, and the roles that may always."""
    return ", ".join(filter(None, (names_of(editors_of(flow)), holders(EDIT_ALL))))

"""
What publishing a draft would change, how many people must agree, and who can be the second.

Both are derived from the rows whenever they are asked, so no edit can slip past them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from routing.flows.approval import PublishApproval
from routing.flows.change_classes import ChangeClass, people_needed
from routing.flows.editors import editors_of
from routing.flows.files.difference import FlowChange, content_digest, differences, highest
from routing.flows.files.stored import content_of
from routing.flows.flow_people import PUBLISH, names_of, publishers, seconds_of_flow
from routing.flows.lint import LintFinding, lint
from routing.flows.models import Flow, FlowVersion
from routing.people.actors import Actor
from routing.people.staff import User

APPROVE = "routing.approve_publishapproval"


__all__ = ["APPROVE", "PUBLISH", "DraftStanding", "names_of", "seconds_of", "standing_of"]


@dataclass(frozen=True, slots=True)
class DraftStanding:
    """
    The content of a draft, and what it changes in comparison with ``live``, if there is one.

    ``sensitive`` is true of a flow that touches billing, privacy or an SLA with clients.
    """

    digest: str
    live: FlowVersion | None
    changes: tuple[FlowChange, ...]
    sensitive: bool

    @property
    def highest(self) -> ChangeClass | None:
        return highest(self.changes)

    @property
    def people(self) -> int:
        return people_needed(self.highest, sensitive=self.sensitive)

    @property
    def needs_second(self) -> bool:
        return self.people > 1


def standing_of(version: FlowVersion) -> DraftStanding:
    """
    Compare a draft with the live version of its flow.

    The first version of a flow is compared with nothing, so its class is the highest of everything
    that it contains.
    """
    live = FlowVersion.objects.live().filter(flow=version.flow_id).exclude(pk=version.pk).first()
    now = content_of(version)
    was = content_of(live) if live else None
    changes = tuple(differences(was, now))
    return DraftStanding(content_digest(now), live, changes, bool(now.touches))


def authors_of(version: FlowVersion) -> frozenset[int]:
    """Return the ids of everybody who wrote or changed any part of a draft."""
    found = version.history.values_list("history_user", flat=True)
    return frozenset(user for user in found if user is not None)


def seconds_of(version: FlowVersion, *, but: Collection[int]) -> list[User]:
    """
    Return the people who can agree to a draft as the second, see ``seconds_of_flow``.

    :param but: ids of people who cannot, such as the authors
    """
    return seconds_of_flow(version.flow, APPROVE, but=but)


def can_be_second(by: Actor) -> Q:
    """Return the condition on pending requests that this actor can answer."""
    mine = Q(state=PublishApproval.State.PENDING)
    mine &= ~Q(asked_by=by.user_id) & ~Q(authors__contains=[by.user_id])
    if by.may(PUBLISH):
        return mine
    return mine & (
        Q(version__flow__outcome_owner=by.user_id)
        | Q(version__flow__owner=by.user_id)
        | Q(version__flow__backup=by.user_id)
    )


def why_two(version: FlowVersion, standing: DraftStanding) -> str:
    """Return why two people must agree to a draft, as a sentence."""
    values = {"version": version}
    if people_needed(standing.highest) > 1 and standing.highest is not None:
        words = _("%(version)s changes what concerns “%(kind)s”, so two people must agree.")
        return words % {**values, "kind": standing.highest.label}
    touched = ", ".join(str(Flow.Touches(each).label) for each in version.flow.touches)
    words = _("The flow touches %(what)s, so two people must agree to %(version)s.")
    return words % {**values, "what": touched}


def nobody_can_agree(version: FlowVersion) -> bool:
    """Return whether no two people could publish this draft, one asking and one agreeing."""
    able = {*publishers(), *(user.pk for user in editors_of(version.flow))}
    seconds = {user.pk for user in seconds_of(version, but=authors_of(version))}
    return not any(able - {each} for each in seconds)


@lint
def no_second_person(version: FlowVersion) -> Iterator[LintFinding]:
    """Find drafts that need a second person, where nobody could be that person."""
    standing = standing_of(version)
    if standing.needs_second and nobody_can_agree(version):
        yield LintFinding(
            "no_second_person",
            nobody_words(),
            reverse("admin:routing_flow_change", args=[version.flow_id]),
            path=("owner",),
        )


def nobody_words() -> str:
    return _(
        "Nobody but the authors of this draft can agree to it. Make somebody else the outcome "
        "owner, policy owner or policy backup of the flow, or give another person the role "
        "Operations lead."
    )

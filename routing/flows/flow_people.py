"""The people who can agree to changes of a flow."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import chain

from django.utils.translation import gettext as _

from routing.flows.models import Flow
from routing.people.staff import User

PUBLISH = "routing.publish_flow"


def seconds_of_flow(flow: Flow, permission: str, *, but: Collection[int]) -> list[User]:
    """
    Return the people who can agree as the second: the outcome owner, the policy owner and the
    policy backup of the flow, and everybody who may publish flows.

    The backup is among them because the owner is often the author. The people of the flow come
    first.

    :param permission: that they need to agree
    :param but: ids of people who cannot, such as the authors
    """
    [found] = seconds_of_flows([(flow, but)], permission)
    return found


def seconds_of_flows(
    asked: Sequence[tuple[Flow, Collection[int]]], permission: str
) -> list[list[User]]:
    """
    Return for each flow, beside the ids of people who cannot agree, those who can, see
    ``seconds_of_flow``. Two queries for any number of flows.
    """
    publishing = set(publishers()) if asked else set()
    named = set(chain.from_iterable(_people_of(flow) for flow, _but in asked))
    able = User.objects.staff().who_may(permission).filter(pk__in=publishing | named)
    people = list(able) if asked else []
    return [_seconds(flow, but, people, publishing) for flow, but in asked]


def _seconds(
    flow: Flow, but: Collection[int], people: Sequence[User], publishing: Collection[int]
) -> list[User]:
    order = _people_of(flow)

    def place(user: User) -> tuple[int, str, int]:
        first = order.index(user.pk) if user.pk in order else len(order)
        return first, user.full_name, user.pk

    able = [user for user in people if user.pk in publishing or user.pk in order]
    return sorted((user for user in able if user.pk not in but), key=place)


def _people_of(flow: Flow) -> Sequence[int]:
    people = (flow.outcome_owner_id, flow.owner_id, flow.backup_id)
    return [person for person in people if person is not None]


def pair_fault(owner: object, backup: object) -> str:
    """Return why these two cannot be policy owner and backup, empty if they can or one is open."""
    if owner and owner == backup:
        return _("Policy owner and backup must be two different people.")
    return ""


def publishers() -> Sequence[int]:
    """Return the ids of everybody who may publish flows."""
    found = User.objects.staff().who_may(PUBLISH).order_by().values_list("pk", flat=True)
    return list(found)


def names_of(people: Sequence[User]) -> str:
    return ", ".join(user.full_name for user in people)

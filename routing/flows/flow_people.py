"""The people who can agree to changes of a flow."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from django.db.models import Q

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
    own = Q(pk__in=[flow.outcome_owner_id, flow.owner_id, flow.backup_id])
    able = User.objects.staff().who_may(permission)
    found = list(able.filter(own | Q(pk__in=publishers())).exclude(pk__in=but))
    order = [flow.outcome_owner_id, flow.owner_id, flow.backup_id]

    def place(user: User) -> tuple[int, str, int]:
        first = order.index(user.pk) if user.pk in order else len(order)
        return first, user.full_name, user.pk

    return sorted(found, key=place)


def publishers() -> Sequence[int]:
    """Return the ids of everybody who may publish flows."""
    found = User.objects.staff().who_may(PUBLISH).order_by().values_list("pk", flat=True)
    return list(found)


def names_of(people: Sequence[User]) -> str:
    return ", ".join(user.full_name for user in people)

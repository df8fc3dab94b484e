"""Classes of changes to a flow, and the number of people that each of them needs."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import models
from django.utils.translation import gettext_lazy as _


class ChangeClass(models.IntegerChoices):
    """Classes of changes, from the one with the smallest effect to the one with the greatest."""

    WORDING = 1, _("Wording")
    ROUTING = 2, _("Routing")
    CHECKS = 3, _("Checks")
    APPROVAL = 4, _("Approval")
    OUTSIDE_EFFECT = 5, _("Effect on other systems")
    MONEY = 6, _("Money")
    PRIVACY = 7, _("Privacy")
    CLIENT_SLA = 8, _("SLA with clients")


# Words and routing concern the agency alone, are seen at once and are taken back in one step. The
# others reach clients, other systems or money before anybody notices, so two people look at them.
PEOPLE: Mapping[ChangeClass, int] = {
    ChangeClass.WORDING: 1,
    ChangeClass.ROUTING: 1,
    ChangeClass.CHECKS: 2,
    ChangeClass.APPROVAL: 2,
    ChangeClass.OUTSIDE_EFFECT: 2,
    ChangeClass.MONEY: 2,
    ChangeClass.PRIVACY: 2,
    ChangeClass.CLIENT_SLA: 2,
}


def people_needed(highest: ChangeClass | None, *, sensitive: bool = False) -> int:
    """
    Return how many people must agree to publish. None stands for no change at all.

    :param sensitive: the flow touches billing, privacy or an SLA with clients, so that whatever
        changes its course can reach them
    """
    if highest is None:
        return 0
    return 2 if sensitive and highest > ChangeClass.WORDING else PEOPLE[highest]

"""Count the work of walkthroughs and of the demo apart from the agency's own."""

from __future__ import annotations

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from demo.agency.agency import DOMAIN
from routing.sla.compliance import count_apart

WALKTHROUGH = "walkthrough"  # the slugs of its flows and SLA policies begin with it
_OURS = f"@{DOMAIN}"

count_apart(
    WALKTHROUGH,
    _("Walkthrough"),
    Q(run__flow__slug__startswith=WALKTHROUGH),
    clocks=Q(policy__slug__startswith=WALKTHROUGH),
)
# The demo's people own its clients and its work. Their addresses are reserved, so nobody has one.
count_apart(
    "demo",
    _("Demo"),
    Q(client__owner__email__endswith=_OURS) | Q(owner__email__endswith=_OURS),
    clients=Q(owner__email__endswith=_OURS),
)

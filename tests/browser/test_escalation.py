"""Late work on every page that shows it, on a desk and on a phone, light and dark."""

from __future__ import annotations

import pytest

from delivery.models import Request
from routing.models import Clock, Notification, SLAPolicy
from routing.sla.operations.calendars import ensure_defaults
from routing.sla.operations.clocks import start
from routing.sla.operations.escalate import escalate
from tests.browser.conftest import SitDown
from tests.clockwork import at, clock_of
from tests.desk import url
from tests.world import NOW, World, make_request

pytestmark = pytest.mark.browser


@pytest.mark.timeout(120)
def test_pages_that_tell_of_late_work_are_accessible(agency: World, sit_down: SitDown) -> None:
    policy = ensure_defaults(at=NOW)
    row = make_request(agency.acme)
    start([row.item], policy, NOW)
    for when in (at(23, 16), at(24, 14), at(26, 10)):
        escalate(at=when)
    desk = sit_down(agency.olga)

    for name, path in {
        "late-request": url(Request, "change", row.pk),
        "late-clock": url(Clock, "change", clock_of(row).pk),
        "late-clocks": url(Clock, "changelist"),
        "late-messages": url(Notification, "changelist"),
        "policy": url(SLAPolicy, "change", policy.pk),
    }.items():
        desk.open(path)
        desk.check(name)

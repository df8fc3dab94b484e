"""
The outbox on a desktop and a phone, light and dark: the list, a failed message, one held behind it,
and the reason.
"""

from __future__ import annotations

import pytest

from integrations.adapters import registry
from integrations.base.adapter import Permanent
from integrations.models import Outbound
from tests.browser.conftest import SitDown
from tests.desk import url
from tests.integrations.inbox.senders import make_connection
from tests.integrations.outbox.remote import KIND, Shelf, ShelfAdapter, Time, deliver, send
from tests.world import World, make_request

pytestmark = pytest.mark.browser


@pytest.mark.timeout(180)
def test_what_goes_out_is_accessible(
    agency: World, sit_down: SitDown, monkeypatch: pytest.MonkeyPatch
) -> None:
    adapter = ShelfAdapter()
    adapter.shelves["shelf-main"] = Shelf(
        before=[Permanent("The other side answered 422: title is too long", 422)]
    )
    monkeypatch.setitem(registry._ADAPTERS, KIND, adapter)
    connection = make_connection(KIND, agency)
    item = make_request(agency.acme).item_id
    dead, held = send(connection, "publish", "update", item_id=item)
    deliver(Time())

    desk = sit_down(agency.ivan)
    for name, path in {
        "outgoing": url(Outbound, "changelist"),
        "outgoing-dead": url(Outbound, "change", dead.pk),
        "outgoing-held": url(Outbound, "change", held.pk),
        "outgoing-again": url(Outbound, "step", dead.pk, "replay"),
    }.items():
        desk.open(path)
        desk.check(name)

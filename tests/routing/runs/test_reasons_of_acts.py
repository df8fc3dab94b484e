"""Each act has its own reason, also of two acts in the same instant."""

from __future__ import annotations

from delivery.models import Request
from delivery.requests.operations.requests import reject, triage
from routing.models import Event
from routing.runs.acts import reasons_of_events
from tests.delivery.making import done
from tests.world import NOW, World, by, make_request


def test_two_acts_of_one_instant_keep_their_reasons(world: World) -> None:
    row = make_request(world.acme)
    done(triage([row.pk], by=by(world.alice), at=NOW, reason="Looks right"))
    done(reject([row.pk], by=by(world.alice), at=NOW, reason="Out of scope"))
    events = Event.objects.filter(object_id=row.pk, kind__in=[triage.kind, reject.kind])

    reasons = reasons_of_events(list(events.order_by("pk")))
    last = events.get(to_state=Request.State.REJECTED)

    assert list(reasons.values()) == ["Looks right", "Out of scope"]
    assert reasons_of_events([last]) == {last.pk: "Out of scope"}

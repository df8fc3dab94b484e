"""B6: clients that are one company are merged as an alias, and apart again within a week."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from delivery.models import Request
from delivery.portal.forms import RequestForm
from delivery.portal.submissions import forms
from delivery.progress.operations.submissions import submit
from integrations.inbox.matching import the_one
from routing.cover.operations.client_merges import (
    CannotMerge,
    merge_client,
    stays_with,
    take_back,
)
from routing.cover.operations.portal_access import keep_membership
from routing.models import Client, ClientMerge, Contact, Event, Membership
from routing.people.actors import Actor
from routing.people.merges import current_merges, without_aliases
from routing.runs.registry import Problem
from routing.work.visibility import clients_for_new_work, work_seen_by
from tests.delivery.making import take_requests
from tests.desk import signed_in, url, words
from tests.portal import REQUESTER, VIEWER, invited, other_client, user_of
from tests.world import NOW, World, by, make_client, make_request

pytestmark = [pytest.mark.usefixtures("without_second_factor"), pytest.mark.requirement("N8")]
WEEK = timedelta(days=7)
WHY = "The same company under two names"


@pytest.fixture
def double(world: World) -> Client:
    return make_client("AC2", world.team, world.alice, world.bob, name="Acme Limited")


def merged(world: World, double: Client) -> ClientMerge:
    return merge_client(double.pk, world.acme.pk, by=by(world.olga), at=NOW, reason=WHY)


def matched(*clients: Client) -> Client:
    found = the_one([("domain", clients)])
    assert found is not None
    return found.client


def test_what_comes_in_for_the_alias_goes_to_the_client(world: World, double: Client) -> None:
    with pytest.raises(Problem, match="merge the clients here"):
        matched(world.acme, double)

    merged(world, double)

    assert matched(double) == matched(world.acme, double) == world.acme
    assert double not in clients_for_new_work(by(world.olga))


def test_what_was_there_stays_where_it_was(world: World, double: Client) -> None:
    request = make_request(double)
    before = request.item.history.count()

    row = merged(world, double)

    request.item.refresh_from_db()
    assert (request.item.client, request.item.history.count()) == (double, before)
    assert (row.history.get().history_user, row.history.get().history_change_reason) == (
        world.olga,
        WHY,
    )
    assert Event.objects.filter(kind="routing.client.merge", object_id=double.pk).exists()


def test_it_is_taken_back_within_a_week_and_later_work_stays(world: World, double: Client) -> None:
    row = merged(world, double)
    later = make_request(matched(double))

    take_back(row.pk, by=by(world.olga), at=NOW + WEEK, reason="They are two")

    later.item.refresh_from_db()
    assert later.item.client == world.acme
    assert matched(double) == double
    assert current_merges() == {}


def test_after_a_week_or_twice_it_stays(world: World, double: Client) -> None:
    row = merged(world, double)

    with pytest.raises(CannotMerge, match="within a week"):
        take_back(row.pk, by=by(world.olga), at=NOW + WEEK + timedelta(seconds=1), reason="x")
    take_back(row.pk, by=by(world.olga), at=NOW, reason="x")
    with pytest.raises(CannotMerge):
        take_back(row.pk, by=by(world.olga), at=NOW, reason="x")


def test_a_chain_leads_to_its_end_and_a_circle_to_nowhere_else(
    world: World, double: Client
) -> None:
    third = make_client("AC3", world.team, world.alice, world.bob)
    merged(world, double)
    merge_client(world.acme.pk, third.pk, by=by(world.olga), at=NOW, reason=WHY)

    assert without_aliases([double, world.acme], current_merges()) == [third]
    with pytest.raises(CannotMerge, match="Choose that one"):
        merge_client(third.pk, double.pk, by=by(world.olga), at=NOW, reason=WHY)


def send(contact: Contact, client: Client, text: str) -> str:
    """Send a request in the portal, and return the client that it is for."""
    submit(
        "request", {"title": text}, client_id=client.pk, token=text, by=actor_of(contact), at=NOW
    )
    body = Event.objects.get(source="portal", dedupe_key__endswith=text).payload.body
    return Client.objects.get(pk=body["client"]).code


def actor_of(contact: Contact) -> Actor:
    return by(user_of(contact))


def test_b6_what_contacts_of_the_alias_send_goes_to_the_client(
    world: World, double: Client
) -> None:
    """It stayed with the alias, also what somebody sent who came later."""
    rita = invited(world, "Rita", (double, REQUESTER))
    old = make_request(double)
    before = work_seen_by(actor_of(rita)).count()
    row = merged(world, double)
    tom = invited(world, "Tom", (other_client(world), VIEWER))
    keep_membership(Membership(contact=tom, client=double, role=VIEWER), by=by(world.alice), at=NOW)
    take_requests(NOW)

    assert send(rita, double, "From an open tab") == world.acme.code
    assert [each.code for each in offered_to(rita)] == [world.acme.code]
    assert actor_of(rita).clients_as(REQUESTER) == {double.pk, world.acme.pk}
    assert {double.pk, world.acme.pk} < actor_of(tom).clients_as(VIEWER)
    new = make_request(world.acme)
    seen = set(work_seen_by(actor_of(rita)).values_list("pk", flat=True))
    assert {old.item_id, new.item_id} <= seen
    assert before < len(seen)
    history = Membership.objects.get(contact=rita, client=world.acme).history.get()
    assert (history.history_user, history.history_change_reason) == (world.olga, WHY)

    take_back(row.pk, by=by(world.olga), at=NOW + timedelta(days=1), reason="They are two")

    assert actor_of(rita).clients_as() == {double.pk}
    assert send(rita, double, "Later") == double.code


def offered_to(contact: Contact) -> list[Client]:
    """Return the clients for which a contact can send a request."""
    made = RequestForm(forms()[0], actor_of(contact))
    if made.only_client:
        return [made.only_client]
    field: Any = made.fields["client"]
    return list(field.queryset)


def test_b6_a_role_that_a_person_gave_stays_when_a_merge_is_taken_back(
    world: World, double: Client
) -> None:
    rita = invited(world, "Rita", (double, REQUESTER), (world.acme, VIEWER))
    row = merged(world, double)
    assert actor_of(rita).clients_as(REQUESTER) == {double.pk}
    assert send(rita, double, "As a requester of the alias") == world.acme.code

    take_back(row.pk, by=by(world.olga), at=NOW, reason="They are two")

    assert actor_of(rita).clients_as(VIEWER) == {world.acme.pk}


@pytest.mark.parametrize(
    ("into_itself", "restricted", "reason", "message"),
    [
        (True, False, WHY, "another client"),
        (False, True, WHY, "restricted"),
        (False, False, " ", "reason"),
    ],
)
def test_what_cannot_be_merged(
    world: World, double: Client, into_itself: bool, restricted: bool, reason: str, message: str
) -> None:
    Client.objects.filter(pk=double.pk).update(restricted=restricted)
    into = double.pk if into_itself else world.acme.pk

    with pytest.raises(CannotMerge, match=message):
        merge_client(double.pk, into, by=by(world.olga), at=NOW, reason=reason)

    assert not ClientMerge.objects.exists()


def test_only_operations_may(world: World, double: Client) -> None:
    with pytest.raises(PermissionDenied):
        merge_client(double.pk, world.acme.pk, by=by(world.alice), at=NOW, reason=WHY)


def test_the_page_shows_what_stays_before_and_how_to_take_it_back(
    world: World, double: Client
) -> None:
    make_request(double)
    browser = signed_in(world.olga)

    page = words(browser.get(url(Client, "merge", double.pk)))
    sent = {"into": world.acme.pk, "reason": WHY}
    after = words(browser.post(url(Client, "merge", double.pk), sent, follow=True))

    assert [(each.label, each.count) for each in stays_with(double)] == [("Work items", 1)]
    assert "Work items: 1" in page
    assert "You can undo this within 7 days" in page
    assert "From now on, new work for Acme Limited goes to ACM Ltd." in after
    assert "Take back the merge" in after
    assert "is an alias of this client" in words(browser.get(url(Client, "change", world.acme.pk)))
    assert "Acme Limited" not in words(signed_in(world.alice).get(url(Request, "add")))

    back = browser.post(url(Client, "take_back", double.pk), {"reason": "Two"}, follow=True)
    assert "Acme Limited is a separate client again." in words(back)

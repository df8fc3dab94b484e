"""The commands ``absence`` and ``cover``."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from routing.kernel.roles import AM
from routing.models import Absence, ExceptionCase, User, WorkItem
from tests.world import NOW, World, make_request, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("O9")]
DAY = timedelta(days=1)


def ran(name: str, *words: str, code: int = 0) -> dict[str, Any]:
    out = StringIO()
    if code == 0:
        call_command(name, *words, "--json", stdout=out)
    else:
        with pytest.raises(CommandError) as refusal:
            call_command(name, *words, "--json", stdout=out)
        assert refusal.value.returncode == code, refusal.value
        if not out.getvalue():
            return {"said": str(refusal.value)}
    found: dict[str, Any] = json.loads(out.getvalue())
    return found


def add(who: User, first: str, last: str, by: User, *more: str, code: int = 0) -> dict[str, Any]:
    people = ("--who", who.email, "--as", by.email)
    return ran("absence", "add", *people, "--from", first, "--to", last, *more, code=code)


def test_an_absence_is_entered_in_the_persons_zone_and_refused_with_reasons(
    world: World,
) -> None:
    User.objects.filter(pk=world.alice.pk).update(timezone="Pacific/Auckland")
    stands_in = ("--substitute", world.quin.email, "--yes")

    days = add(world.alice, "2027-06-02", "2027-06-03 morning", world.olga, *stands_in)
    instants = add(world.alice, "2027-06-04T09:00Z", "2027-06-04T11:00+01:00", world.alice, "--yes")
    overlaps = add(world.alice, "2027-06-03", "2027-06-03", world.alice, "--yes", code=1)
    stranger = add(world.alice, "2027-07-03", "2027-07-03", world.bob, "--yes", code=1)
    not_demo = add(world.alice, "2027-07-03", "2027-07-03", world.olga, code=1)
    unread = add(world.alice, "tomorrow", "2027-07-03", world.olga, "--yes", code=2)

    assert (days["from"], days["to"]) == ("2027-06-01T12:00:00Z", "2027-06-03T00:00:00Z")
    assert (days["done"], days["substitute"]) == (True, world.quin.email)
    assert (instants["from"], instants["to"]) == ("2027-06-04T09:00:00Z", "2027-06-04T10:00:00Z")
    refusals = [each["refusals"][0] for each in (overlaps, stranger, not_demo)]
    assert [each["code"] for each in refusals] == ["overlap", "permission", "demo"]
    assert all(each["message"] and each["clears_by"] for each in refusals)
    assert "Wed 2 Jun 2027 – Thu 3 Jun 2027, morning" in refusals[0]["message"]
    assert "“tomorrow” is neither a day" in unread["said"]
    assert Absence.objects.count() == 2
    assert Absence.history.earliest("history_id").history_change_reason == "By command"


def test_cover_shows_the_gaps_and_opens_them_as_a_person(world: World) -> None:
    dora = make_user("Dora", AM, team=world.team)
    request = make_request(world.acme)
    WorkItem.objects.filter(pk=request.item_id).update(next_due_at=NOW + 5 * DAY)
    for person in (world.alice, world.bob):
        Absence.objects.create(user=person, starts_at=NOW + DAY, ends_at=NOW + 9 * DAY)

    shown = ran("cover", "--days", "14")
    soon = ran("cover", "--days", "4")
    refused = ran("cover", "--as", world.bob.email, "--yes", code=1)
    assert not ExceptionCase.objects.exists()
    opened = ran("cover", "--as", world.olga.email, "--yes")
    again = ran("cover")

    [case] = shown["cases"]
    assert (case["ref"], case["proposed"], case["case"]) == (request.item.ref, dora.email, None)
    assert case["due_at"].endswith("Z")
    assert "Owner and backup are both away" in case["why"]
    assert soon["cases"] == []
    assert [each["code"] for each in refused["refusals"]] == ["permission"]
    assert opened["opened"] == 1
    assert again["cases"][0]["case"] == ExceptionCase.objects.get().item.ref
    assert again["cases"][0]["proposed"] == dora.email

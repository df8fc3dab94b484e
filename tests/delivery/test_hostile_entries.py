"""
H18: dates that cannot be meant, amounts below zero, titles that nobody can see and names with line
breaks are refused or cleaned wherever text enters: portal, desk, commands, events.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client as Browser

from delivery.flows.client_request import publish_client_request
from delivery.models import Brief, Engagement
from delivery.requests.change_gates import impact_is_readable
from delivery.requests.details import EditRequestDetails, StateImpactDetails
from delivery.requests.operations import requests
from routing.flows.fields import FieldSpec, FieldType, WrongType, typed, typed_as_recorded
from routing.models import Calendar, Client, Contact, Team, User, WorkItem
from routing.sla.operations.calendars import ensure_defaults
from routing.work.gates import ContextWith
from routing.work.new_items import new_item
from tests.delivery.briefs.test_brief_pages import make_brief
from tests.delivery.portal.test_new import FORM, filled
from tests.desk import signed_in, url, words
from tests.portal import REQUESTER, browser_of, invited
from tests.world import NOW, World, by, make_contact, make_request

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("without_second_factor")]
NEVER = ["0001-01-01", "9999-12-31", "1899-12-31", "2100-01-01"]
UNSEEN = ["\u200b", "\u202e", "\u3164", " \u200d\t"]
MIXED = "Site\u202e\r\nBcc: x\u200b"


@pytest.fixture
def browser(world: World) -> Browser:
    ensure_defaults(at=NOW)
    publish_client_request(
        owner=world.olga, backup=world.bob, team=world.team, by=by(world.olga), at=NOW
    )
    return browser_of(invited(world, "Carla", (world.acme, REQUESTER)))


@pytest.mark.parametrize(
    "hostile",
    [
        *({"request.wanted": day, "past_is_meant": day} for day in NEVER),
        *({"request.budget": number} for number in ("-5", "-0.01", "NaN", "1e99")),
        *({"request.title": title} for title in UNSEEN),
        *({"request.details": title} for title in UNSEEN),
    ],
    ids=repr,
)
def test_h18_the_portal_refuses_what_cannot_be_meant(browser: Browser, hostile: dict[str, str]):
    page = browser.post(FORM, filled(**hostile))

    assert page.status_code == 200
    assert set(page.context["form"].errors) <= set(hostile)
    assert page.context["form"].errors


@pytest.mark.parametrize("day", [date.min, date.max])
def test_h18_no_step_takes_a_day_that_cannot_be_meant(world: World, day: date):
    row = make_request(world.acme)
    details = EditRequestDetails(wanted_date=day)

    [result] = requests.edit([row.pk], by=by(world.alice), at=NOW, details=details)

    assert not result.done
    impact = StateImpactDetails(Decimal(1), Decimal(1), day, "x")
    context = ContextWith(by=by(world.alice), at=NOW, details=impact)
    assert not impact_is_readable(row, context).passed


@pytest.mark.parametrize("title", UNSEEN)
def test_h18_no_step_takes_a_title_that_nobody_can_see(world: World, title: str):
    row = make_request(world.acme)

    [result] = requests.edit(
        [row.pk], by=by(world.alice), at=NOW, details=EditRequestDetails(title=title)
    )

    assert not result.done
    assert new_item(title).title == "—"


def test_h18_titles_and_names_are_stored_on_one_line_as_they_are_read(world: World):
    row = make_request(world.acme)
    requests.edit([row.pk], by=by(world.alice), at=NOW, details=EditRequestDetails(title=MIXED))
    contact = make_contact(MIXED)
    user = User.objects.create_user("x@agency.test", full_name=MIXED)
    team = Team.objects.create(name=MIXED, lead=world.bob)

    row.item.refresh_from_db()
    stored = [row.item.title, new_item(MIXED).title, contact.full_name, user.full_name, team.name]
    assert stored == ["Site Bcc: x"] * 5
    assert Contact.objects.get(pk=contact.pk).full_name == "Site Bcc: x"


@pytest.mark.parametrize("name", UNSEEN)
def test_h18_a_client_or_contact_has_a_name_that_can_be_seen(world: World, name: str):
    browser = signed_in(world.olga)
    sent = {"code": "NEW", "name": name, "timezone": "UTC", "team": world.team.pk}
    sent |= {"owner": world.alice.pk, "backup": world.bob.pk}

    page = browser.post(url(Client, "add"), sent)

    assert "name" in page.context["adminform"].form.errors
    assert not Client.objects.filter(code="NEW").exists()


@pytest.mark.parametrize(
    "value", ["wanted_date=9999-01-01", "wanted_date=0001-01-01", "title=\u202e", "title=\u200b"]
)
def test_h18_a_command_refuses_what_the_page_refuses(world: World, value: str):
    row = make_request(world.acme)

    with pytest.raises(CommandError) as refusal:
        call_command("do", row.item.ref, "edit", "--as", world.alice.email, "--set", value, "--yes")

    assert refusal.value.returncode in {1, 2}


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        *((FieldType.DATE, day) for day in NEVER),
        *((FieldType.NUMBER, number) for number in ("-5", "-0.01")),
    ],
)
def test_h18_an_event_with_such_a_value_stops_for_a_person_and_old_decisions_stay(
    type_: FieldType, value: str
):
    spec = FieldSpec("request.x", "X", type_)

    with pytest.raises(WrongType):
        typed(value, spec)

    assert typed_as_recorded(value, spec) is not None


@pytest.mark.parametrize(
    "changes", [{"amount": "-5"}, {"hours": "-1"}, {"ends_date": "9999-01-01"}]
)
def test_h18_an_engagement_is_not_below_zero_or_in_no_year(world: World, changes: dict[str, str]):
    sent = {"client": world.acme.pk, "name": "Site", **changes}

    page = signed_in(world.alice).post(url(Engagement, "add"), sent)

    assert set(changes) <= set(page.context["adminform"].form.errors)


# -- The matrix ------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", [Engagement, Contact])
def test_h18_creatives_list_neither_amounts_nor_addresses(world: World, model: Any):
    make_contact()

    assert signed_in(world.cora).get(url(model, "changelist")).status_code == 403
    assert "carla@acme.test" not in words(signed_in(world.cora).get("/admin/search/?q=Carla"))


def test_h18_a_creative_reads_a_brief_without_its_amounts(world: World):
    sold = Engagement.objects.create(
        client=world.acme, name="Deal", amount=Decimal("7654.32"), currency="EUR"
    )
    brief = make_brief(make_request(world.acme), engagement=sold)
    WorkItem.objects.filter(pk=brief.item_id).update(doer=world.cora)

    theirs = words(signed_in(world.cora).get(url(Brief, "change", brief.pk)))
    ours = words(signed_in(world.alice).get(url(Brief, "change", brief.pk)))

    assert "7,654.32" in ours
    assert "7,654.32" not in theirs
    assert "Budget" not in theirs


def test_h18_qa_reads_calendars_as_the_matrix_grants(world: World):
    ensure_defaults(at=NOW)

    page = signed_in(world.quin).get(url(Calendar, "changelist"))

    assert page.status_code == 200

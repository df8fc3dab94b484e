"""D9: a date in the past is asked about before it is taken."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.test import Client as Browser

from delivery.briefs.models import Brief
from delivery.models import Deliverable, Request
from delivery.portal.decision_forms import ChangeForm
from delivery.requests.admin_forms import RecordRequestForm
from routing.kernel.past_dates import SURE
from routing.models import Event
from tests.delivery.briefs.test_brief_pages import make_brief
from tests.delivery.making import make_deliverables
from tests.delivery.portal.conftest import browser, carla, flow  # noqa: F401 - fixtures
from tests.delivery.portal.test_new import FORM
from tests.delivery.portal.test_new import filled as portal_form
from tests.delivery.requests.test_request_steps import edited
from tests.desk import signed_in, url, words
from tests.world import World, by, make_request

pytestmark = pytest.mark.usefixtures("without_second_factor")
PAST, ASKED = "2020-01-01", "Wed 1 Jan 2020 is in the past. Are you sure?"


def new_request(world: World, wanted: str, **more: str) -> RecordRequestForm:
    data = {"client": world.acme.pk, "title": "A film", "priority": 2, "kind": "new"}
    return RecordRequestForm(
        by(world.alice), data | {"channel": "email", "wanted_date": wanted} | more
    )


def test_d9_a_new_request_for_the_past_is_asked_about(world: World) -> None:
    asked = new_request(world, PAST)
    confirmed = new_request(world, PAST, **{SURE: PAST})
    another = new_request(world, "2020-01-02", **{SURE: PAST})

    assert [ASKED in fault for fault in asked.errors["wanted_date"]] == [True]
    assert f'value="{PAST}"' in str(asked[SURE])
    assert "checked" not in str(asked[SURE])
    assert confirmed.is_valid()
    assert confirmed.cleaned_data["wanted_date"] == date(2020, 1, 1)
    assert "is in the past" in another.errors["wanted_date"][0]


@pytest.mark.stands_at(datetime(2026, 11, 23, 11, 30, tzinfo=UTC))
def test_d9_today_is_the_clients_day(world: World) -> None:
    world.acme.timezone = "Pacific/Auckland"  # where it is 24 November, half past midnight
    world.acme.save()

    assert new_request(world, "2026-11-24").is_valid()
    assert not new_request(world, "2026-11-23").is_valid()


def test_d9_editing_asks_about_a_new_date_and_not_about_an_old_one(world: World) -> None:
    row, desk = make_request(world.acme), signed_in(world.alice)
    path = url(Request, "step", row.pk, "edit")

    page = desk.post(path, edited(row, wanted_date=PAST))
    before = Request.objects.get().wanted_date
    desk.post(path, edited(row, wanted_date=PAST, **{SURE: PAST}))
    kept = {"initial-wanted_date": PAST, "wanted_date": PAST}
    again = desk.post(path, edited(row, title="Another title") | kept)

    row = Request.objects.get()
    assert ASKED in words(page)
    assert "A date in the past is meant" in words(page)
    assert (before, row.wanted_date) == (None, date(2020, 1, 1))
    assert again.status_code == 302


@pytest.mark.usefixtures("flow")
def test_d9_a_client_is_asked_too(browser: Browser) -> None:  # noqa: F811
    sent = portal_form(**{"request.wanted": PAST})

    asked = browser.post(FORM, sent)
    none = Event.objects.filter(kind="portal.request").count()
    confirmed = browser.post(FORM, sent | {SURE: PAST})

    assert ASKED in words(asked)
    assert none == 0
    assert confirmed.status_code == 302
    assert Event.objects.filter(kind="portal.request").count() == 1


def test_d9_a_change_is_asked_about() -> None:
    data = {"token": "a-token-of-this-form", "details": "Bigger", "wanted": PAST}

    assert "is in the past" in ChangeForm(data).errors["wanted"][0]
    assert ChangeForm(data | {SURE: PAST}).is_valid()


def test_d9_the_planned_date_of_a_deliverable_is_asked_about(world: World) -> None:
    page, desk = make_deliverables(world)[0], signed_in(world.alice)
    path = url(Deliverable, "step", page.pk, "edit")
    sent = {"title": page.item.title, "due_date": PAST, "priority": 3}

    asked = desk.post(path, sent)
    before = Deliverable.objects.get(pk=page.pk).due_date
    saved = desk.post(path, sent | {SURE: PAST})

    assert "is in the past" in words(asked)
    assert before != date(2020, 1, 1)
    assert saved.status_code == 302
    assert Deliverable.objects.get(pk=page.pk).due_date == date(2020, 1, 1)


def test_d9_a_planned_date_is_asked_about_once(world: World) -> None:
    brief, desk = make_brief(make_request(world.acme)), signed_in(world.alice)
    path = url(Brief, "step", brief.pk, "edit")
    sent: dict[str, Any] = {
        "body": "Five pages.",
        "plan-TOTAL_FORMS": "1",
        "plan-INITIAL_FORMS": "0",
        "plan-0-key": "one",
        "plan-0-title": "Landing page",
        "plan-0-format": "page",
        "plan-0-due": PAST,
    }

    asked = desk.post(path, sent)
    before = Brief.objects.get().planned
    confirmed = desk.post(path, sent | {f"plan-0-{SURE}": PAST})
    again = desk.post(path, sent | {"body": "Six pages."})

    assert ASKED in words(asked)
    assert "A date in the past is meant" in words(asked)
    assert before == []
    assert (confirmed.status_code, again.status_code) == (302, 302)
    assert Brief.objects.get().planned[0]["due"] == PAST

"""Briefs that a template fills, and launch dates that move what nobody moved by hand."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from delivery.approvals.operations import deliverables
from delivery.briefs.details import (
    EditBriefDetails,
    MoveLaunchDetails,
    UseTemplateDetails,
    WriteBriefDetails,
)
from delivery.briefs.operations import briefs, templates
from delivery.briefs.operations.first_briefs import write_brief
from delivery.deliverables.details import EditDeliverableDetails
from delivery.deliverables.operations import editing
from delivery.models import Brief, Deliverable, PlanTemplate, PlanTemplateVersion, Request
from routing.models import Calendar, CalendarUse, Notification
from routing.sla.operations.calendars import ensure_defaults
from tests.delivery.making import codes, done, fresh, make_brief, make_engagement
from tests.delivery.plans.making import make_template
from tests.desk import signed_in, url, words
from tests.world import NOW, World, by, make_client, make_request

pytestmark = pytest.mark.usefixtures("without_second_factor")
# A Thursday two days before the two days off of Christmas that the agency's calendar has below.
D, LATER = date(2030, 12, 19), date(2030, 12, 27)


@pytest.fixture(autouse=True)
def _calendar(world: World) -> None:
    ensure_defaults(at=NOW)
    calendar = Calendar.objects.get(slug="agency")
    calendar.extra_dates = {"2030-12-25": "Christmas", "2030-12-26": "Christmas"}
    calendar.save()


def use(world: World, brief: Brief, version: PlanTemplateVersion, launch: date | None = D) -> Brief:
    details = UseTemplateDetails(version.template_id, launch)
    done(templates.use_template([brief.pk], by=by(world.alice), at=NOW, details=details))
    return fresh(brief)


def shift(world: World, brief: Brief, launch: date) -> Brief:
    done(
        templates.move_launch(
            [brief.pk], by=by(world.alice), at=NOW, details=MoveLaunchDetails(launch)
        )
    )
    return fresh(brief)


def filled(world: World, **fields: Any) -> Brief:
    """A brief with the three deliverables of a template and nothing else, D being set."""
    brief = make_brief(world, engagement=make_engagement(world), **fields)
    details = EditBriefDetails(planned=[])
    done(briefs.edit([brief.pk], by=by(world.alice), at=NOW, details=details))
    return use(world, brief, make_template(world))


def approved(world: World) -> Brief:
    brief = filled(world)
    done(briefs.submit([brief.pk], by=by(world.alice), at=NOW))
    done(briefs.approve([brief.pk], by=by(world.bob), at=NOW))
    return fresh(brief)


def dues(brief: Brief) -> dict[str, str]:
    return {each.title: each.due.isoformat()[5:] if each.due else "" for each in brief.plan}


def test_a_template_fills_the_plan_over_the_days_off_and_adds_its_text(world: World) -> None:
    brief = make_brief(world, body="A new shop.")
    version = make_template(world, body="## Goal")

    brief = use(world, brief, version, LATER)

    # Friday the 27th; the 25th and 26th are days off, and so is the weekend before.
    assert [(each.title, each.due and each.due.day) for each in brief.plan] == [
        ("Landing page", None),  # was planned before
        ("Landing page", 18),
        ("Mail", 23),
        ("Ad", 27),
    ]
    assert (brief.template, brief.launch_date) == (version, LATER)
    assert brief.body == "A new shop.\n\n## Goal"


def test_a_client_with_a_calendar_has_its_own_days_off(world: World) -> None:
    own = Calendar.objects.create(slug="acme", name="Acme", extra_dates={"2030-12-18": "Party"})
    CalendarUse.objects.create(calendar=own, client=world.acme)

    assert dues(filled(world)) == {"Landing page": "12-11", "Mail": "12-16", "Ad": "12-19"}


def test_another_template_replaces_what_the_first_planned_and_nobody_moved(world: World) -> None:
    brief = filled(world)
    planned = [each.as_json() for each in brief.plan]
    planned[1] |= {"due": "2030-12-01", "by_hand": True}
    details = EditBriefDetails(planned=planned)
    done(briefs.edit([brief.pk], by=by(world.alice), at=NOW, details=details))

    other = make_template(world, [("Film", "D-1")], name="Film")

    assert dues(use(world, brief, other)) == {"Mail": "12-01", "Film": "12-18"}


def test_moving_d_moves_what_nobody_moved_by_hand(world: World) -> None:
    brief = filled(world)
    page = url(Brief, "step", brief.pk, "edit")
    form = signed_in(world.alice).get(page).context["form"]
    assert [row.follows for row in form.plan][:2] == ["Creative · D\u22125", "Creative · D\u22122"]
    sent = {"plan-TOTAL_FORMS": "3", "plan-INITIAL_FORMS": "3", "body": "x"}
    for place, each in enumerate(brief.plan):
        sent |= {f"plan-{place}-key": each.key, f"plan-{place}-title": each.title}
        sent |= {f"plan-{place}-format": each.format, f"plan-{place}-due": str(each.due)}
    signed_in(world.alice).post(page, sent | {"plan-1-due": "2030-12-10"})

    assert dues(shift(world, brief, LATER)) == {
        "Landing page": "12-18",
        "Mail": "12-10",
        "Ad": "12-27",
    }
    # With the date that its template means, it follows again.
    sent |= {"plan-0-due": "2030-12-18", "plan-1-due": "2030-12-23", "plan-2-due": "2030-12-27"}
    signed_in(world.alice).post(page, sent)
    assert dues(shift(world, brief, D)) == {
        "Landing page": "12-12",
        "Mail": "12-17",
        "Ad": "12-19",
    }


def test_moving_d_of_an_approved_brief_moves_its_deliverables_and_tells_makers(
    world: World,
) -> None:
    brief = approved(world)
    page, mail, ad = Deliverable.objects.filter(brief=brief).order_by("pk")
    assert [row.due_date for row in (page, mail, ad)] == [each.due for each in brief.plan]
    done(deliverables.start([page.pk], by=by(world.cora), at=NOW))
    by_hand = EditDeliverableDetails(due_date=date(2030, 12, 2))
    done(editing.edit([mail.pk], by=by(world.alice), at=NOW, details=by_hand))
    done(deliverables.cancel([ad.pk], by=by(world.alice), at=NOW, reason="Not wanted"))

    brief = shift(world, brief, LATER)

    assert [fresh(row).due_date.isoformat()[5:] for row in (page, mail, ad)] == [
        "12-18",
        "12-02",
        "12-19",
    ]
    assert dues(brief) == {"Landing page": "12-18", "Mail": "12-02", "Ad": "12-19"}
    told = Notification.objects.filter(words=Notification.Words.PLAN, item=page.item)
    assert [each.recipient for each in told] == [world.cora]
    # The mail stays where somebody put it, whenever the date moves again.
    assert dues(shift(world, brief, D))["Mail"] == "12-02"
    assert fresh(mail).due_date == date(2030, 12, 2)


def test_what_moves_is_shown_before_it_is_confirmed(world: World) -> None:
    brief, browser = filled(world), signed_in(world.alice)
    page = url(Brief, "step", brief.pk, "move_launch")

    shown = browser.post(page, {"launch": LATER.isoformat()})

    text = words(shown)
    assert "Nothing is saved yet." in text
    assert "calendar “Agency”" in text
    assert "Mail Creative Tue 17 Dec 2030 Mon 23 Dec 2030 moves: D\u22122" in text
    assert fresh(brief).launch_date == D
    # Another date than the one that was shown is shown first, too.
    seen = shown.context["form"]["previewed"].value()
    browser.post(page, {"launch": "2030-12-30", "previewed": seen})
    assert fresh(brief).launch_date == D

    browser.post(page, {"launch": LATER.isoformat(), "previewed": seen})

    assert fresh(brief).launch_date == LATER
    assert "D\u22125" in words(browser.get(url(Brief, "change", brief.pk)))


def test_a_template_is_chosen_and_shown_at_the_desk(world: World) -> None:
    version = make_template(world, is_default=True)
    brief, browser = make_brief(world), signed_in(world.alice)
    page = url(Brief, "step", brief.pk, "use_template")
    form = browser.get(page).context["form"]
    assert form.fields["plan_template"].initial == version.template_id

    data = {"plan_template": version.template_id, "launch": D.isoformat()}
    shown = browser.post(page, data)
    assert "Mail Creative – Tue 17 Dec 2030 is added: D\u22122" in words(shown)
    assert fresh(brief).template is None
    browser.post(page, data | {"previewed": shown.context["form"]["previewed"].value()})

    text = words(browser.get(url(Brief, "change", brief.pk)))
    assert "Template Launch, version 1" in text
    assert "Launch or due date (D) Thu 19 Dec 2030" in text


def test_without_a_date_the_brief_asks_for_it(world: World) -> None:
    brief = use(world, make_brief(world), make_template(world), None)

    assert "The launch date is not set" in words(
        signed_in(world.alice).get(url(Brief, "change", brief.pk))
    )
    assert dues(shift(world, brief, D))["Mail"] == "12-17"


def test_a_template_of_another_client_and_an_inactive_one_are_refused(world: World) -> None:
    other = make_client("OTH", world.team, world.alice, world.bob)
    theirs = make_template(world, client=other).template
    gone = make_template(world, name="Gone", is_active=False).template
    make_template(world, name="Offered")
    brief, request = make_brief(world), make_request(world.acme, Request.State.ACCEPTED)

    for template in (theirs, gone, PlanTemplate(pk=99_999)):
        [used] = templates.use_template(
            [brief.pk], by=by(world.alice), at=NOW, details=UseTemplateDetails(template.pk, D)
        )
        [written] = write_brief(
            [request.pk],
            by=by(world.alice),
            at=NOW,
            details=WriteBriefDetails("Text", None, template.pk, D),
        )
        assert (codes(used), codes(written)) == (["template"], ["template"])


def test_a_plan_without_relative_dates_and_the_same_date_are_not_moved(world: World) -> None:
    plain, brief = make_brief(world), filled(world)

    for row, launch, code in ((plain, D, "launch"), (brief, D, "date"), (brief, date.max, "date")):
        [result] = templates.move_launch(
            [row.pk], by=by(world.alice), at=NOW, details=MoveLaunchDetails(launch)
        )
        assert codes(result)[-1] == code


def test_a_brief_in_review_keeps_its_dates_and_a_later_one_keeps_the_template(
    world: World,
) -> None:
    brief = filled(world)
    done(briefs.submit([brief.pk], by=by(world.alice), at=NOW))
    [result] = templates.move_launch(
        [brief.pk], by=by(world.alice), at=NOW, details=MoveLaunchDetails(LATER)
    )
    assert codes(result) == ["state"]
    done(briefs.approve([brief.pk], by=by(world.bob), at=NOW))

    done(briefs.supersede([brief.pk], by=by(world.alice), at=NOW, reason="More is wanted"))

    newer = Brief.objects.get(request=brief.request, is_current=True)
    assert (newer.template, newer.launch_date, dues(newer)) == (brief.template, D, dues(brief))


def test_who_filled_or_moved_a_brief_cannot_approve_it(world: World) -> None:
    brief = filled(world)
    details = MoveLaunchDetails(D + timedelta(days=1))
    done(templates.move_launch([brief.pk], by=by(world.bob), at=NOW, details=details))
    done(briefs.submit([brief.pk], by=by(world.alice), at=NOW))

    [result] = briefs.approve([brief.pk], by=by(world.bob), at=NOW)

    assert "author" in codes(result)


def test_the_first_brief_of_a_request_is_written_from_the_default(world: World) -> None:
    version = make_template(world, is_default=True, body="## Goal")
    request = make_request(world.acme, Request.State.ACCEPTED, wanted_date=D)
    browser, page = signed_in(world.alice), url(Request, "step", request.pk, "write_brief")
    form = browser.get(page).context["form"]
    assert (form.fields["plan_template"].initial, form.initial["launch"]) == (
        version.template_id,
        D,
    )

    browser.post(
        page,
        {
            "body": "A shop.",
            "engagement": "none",
            "plan_template": version.template_id,
            "launch": D.isoformat(),
        },
    )

    brief = Brief.objects.get(request=request)
    assert dues(brief) == {"Landing page": "12-12", "Mail": "12-17", "Ad": "12-19"}
    assert (brief.body, brief.template, brief.launch_date) == ("A shop.\n\n## Goal", version, D)

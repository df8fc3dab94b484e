"""Publishing a change that needs two people: asked for, agreed to, refused and outdated."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from routing.flows.approval import PublishApproval
from routing.flows.approving import approve, refuse
from routing.flows.change_classes import PEOPLE, ChangeClass
from routing.flows.lint import lint_findings
from routing.flows.operations import (
    NotPublishable,
    SecondPersonNeeded,
    copy,
    publish,
    publish_shipped,
    roll_back,
)
from routing.kernel.roles import OPS
from routing.models import Flow, FlowVersion, Notification, Rule, Trigger, WorkItem
from routing.work.turns import decisions_of
from tests.desk import filled, signed_in, url, words
from tests.flows import asked_to_publish, publish_by_two
from tests.routing.runs.stories import make_flow
from tests.world import NOW, World, by, make_user

pytestmark = [
    pytest.mark.usefixtures("without_second_factor"),
    pytest.mark.requirement("G2", "G9", "L10", "O19", "Q17"),
]


@pytest.fixture
def live(world: World) -> FlowVersion:
    return make_flow(world)


@pytest.fixture
def draft(world: World, live: FlowVersion) -> FlowVersion:
    """A draft of Olga's that changes what clients are promised."""
    made = copy(live, by=by(world.olga), at=NOW, reason="Quicker")
    Rule.objects.filter(version=made, position=1).update(priority=WorkItem.Priority.URGENT)
    return made


def fresh(version: FlowVersion) -> FlowVersion:
    return FlowVersion.objects.get(pk=version.pk)


def asks(world: World) -> dict[str, int]:
    """The number of decisions that Today asks of each person of whom any is asked."""
    people = (world.alice, world.bob, world.quin, world.olga, world.ivan)
    found = {
        user.full_name: decisions_of(WorkItem.objects.all(), by(user), NOW).count()
        for user in people
    }
    return {name: count for name, count in found.items() if count}


def test_the_first_person_asks_and_the_second_publishes(world: World, draft: FlowVersion) -> None:
    with pytest.raises(SecondPersonNeeded) as needed:
        publish(draft, by=by(world.olga), at=NOW, reason="Quicker")

    asked = needed.value.asked
    assert asked is not None
    assert fresh(draft).published_at is None
    assert needed.value.clears_by == "Bob"
    assert (asked.change_class, asked.asked_by_id) == (ChangeClass.CLIENT_SLA, world.olga.pk)
    assert asks(world) == {"Bob": 1}
    [told] = Notification.objects.filter(item=asked.item)
    assert (told.recipient, told.words) == (world.bob, Notification.Words.APPROVAL)

    made = publish(draft, by=by(world.bob), at=NOW, reason="I agree")

    assert (made.published_by, made.published_at) == (world.bob, NOW)
    assert PublishApproval.objects.get().state == "approved"
    assert asks(world) == {}
    assert not Notification.objects.current(NOW).filter(recipient=world.bob).exists()
    [answered] = Notification.objects.filter(recipient=world.olga)
    assert answered.words == Notification.Words.APPROVED


def test_who_asked_and_who_wrote_it_never_agree(world: World, draft: FlowVersion) -> None:
    asked = asked_to_publish(draft, world.olga)

    again = asked_to_publish(draft, world.olga)
    [result] = approve([asked.pk], by=by(world.olga), at=NOW, reason="Me too")

    assert again == asked
    assert [each.code for each in result.refusals] == ["second_person"]
    assert result.refusals[0].clears_by == "Bob"
    assert fresh(draft).published_at is None


def test_people_without_a_say_in_the_flow_cannot_agree(world: World, draft: FlowVersion) -> None:
    asked = asked_to_publish(draft, world.olga)

    with pytest.raises(PermissionDenied):
        publish(draft, by=by(world.alice), at=NOW, reason="Looks good")
    [result] = approve([asked.pk], by=by(world.alice), at=NOW, reason="Looks good")

    assert [each.code for each in result.refusals] == ["second_person"]
    with pytest.raises(PermissionDenied):
        approve([asked.pk], by=by(world.quin), at=NOW, reason="Looks good")
    assert fresh(draft).published_at is None


def test_an_edit_voids_the_request_whoever_made_it(world: World, draft: FlowVersion) -> None:
    """The approval is of exactly what was seen, also if the edit passed every page by."""
    asked = asked_to_publish(draft, world.olga)
    Rule.objects.filter(version=draft, position=1).update(priority=WorkItem.Priority.HIGH)
    FlowVersion.objects.filter(pk=draft.pk).update(policy="standard", action=draft.action)
    Trigger.objects.filter(version=draft, kind="form.submitted").update(kind="form.other")

    [result] = approve([asked.pk], by=by(world.bob), at=NOW, reason="I agree")

    assert "unchanged" in [each.code for each in result.refusals]
    assert fresh(draft).published_at is None


def test_saving_the_page_of_the_draft_ends_the_request_and_makes_an_author(
    world: World, draft: FlowVersion
) -> None:
    oscar = make_user("Oscar", OPS)
    asked = asked_to_publish(draft, world.olga)
    browser, path = signed_in(oscar), url(FlowVersion, "change", draft.pk)

    sent = filled(browser.get(path)) | {"triggers-0-kind": "hubspot.deal.restore"}
    assert browser.post(path, sent).status_code == 302

    assert PublishApproval.objects.get(pk=asked.pk).state == "outdated"
    assert asks(world) == {}
    renewed = asked_to_publish(draft, world.olga)
    assert sorted(renewed.authors) == sorted([world.olga.pk, oscar.pk])
    rule = draft.rules.get(position=1)
    page = signed_in(world.olga).get(url(Rule, "change", rule.pk))
    signed_in(world.olga).post(url(Rule, "change", rule.pk), filled(page) | {"name": "Huge"})
    assert PublishApproval.objects.get(pk=renewed.pk).state == "outdated"


def test_another_live_version_ends_the_request(
    world: World, live: FlowVersion, draft: FlowVersion
) -> None:
    asked = asked_to_publish(draft, world.olga)
    other = copy(live, by=by(world.olga), at=NOW, reason="Title")
    FlowVersion.objects.filter(pk=other.pk).update(title="New: {deal.name}")

    publish(other, by=by(world.olga), at=NOW, reason="Title")

    assert PublishApproval.objects.get(pk=asked.pk).state == "outdated"


def test_a_refusal_settles_the_request_with_its_reason(world: World, draft: FlowVersion) -> None:
    asked = asked_to_publish(draft, world.olga)

    [no_reason] = refuse([asked.pk], by=by(world.bob), at=NOW)
    [done] = refuse([asked.pk], by=by(world.bob), at=NOW, reason="Too quick for us")

    assert [each.code for each in no_reason.refusals] == ["reason"]
    assert done.done
    assert asks(world) == {}
    record = done.row.history.latest()
    assert (record.state, record.history_change_reason) == ("refused", "Too quick for us")
    assert Notification.objects.get(recipient=world.olga).words == Notification.Words.REJECTED


def test_an_author_and_the_only_other_change_places(world: World, draft: FlowVersion) -> None:
    """Somebody who did not write the draft asked first, and nobody but the author is left."""
    oscar = make_user("Oscar", OPS)
    first = asked_to_publish(draft, oscar)
    world.bob.groups.clear()

    second = asked_to_publish(draft, world.olga)

    assert PublishApproval.objects.get(pk=first.pk).state == "withdrawn"
    assert second.asked_by == world.olga
    assert publish(draft, by=by(oscar), at=NOW, reason="Yes").published_by == oscar


def test_wording_and_routing_need_one_person(world: World, live: FlowVersion) -> None:
    draft = copy(live, by=by(world.olga), at=NOW, reason="Words")
    FlowVersion.objects.filter(pk=draft.pk).update(title="New: {deal.name}")
    Rule.objects.filter(version=draft, position=2).update(account_first=False)

    made = publish(draft, by=by(world.olga), at=NOW, reason="Words")

    assert made.published_by == world.olga
    assert not PublishApproval.objects.exists()
    assert {PEOPLE[each] for each in ChangeClass if each <= ChangeClass.ROUTING} == {1}
    assert {PEOPLE[each] for each in ChangeClass if each > ChangeClass.ROUTING} == {2}


def test_a_new_flow_counts_as_the_highest_class_that_it_contains(
    world: World, live: FlowVersion
) -> None:
    people = {"owner": world.olga, "backup": world.bob}
    flow = Flow.objects.create(slug="calls", name="Calls", runbook="Call again", **people)
    first = copy(live, by=by(world.olga), at=NOW, reason="New flow")
    FlowVersion.objects.filter(pk=first.pk).update(flow=flow, number=1, copied_from=None)

    asked = asked_to_publish(fresh(first), world.olga)

    assert asked.change_class == ChangeClass.CLIENT_SLA
    assert asked.base is None
    with pytest.raises(NotPublishable, match="already"):
        publish_shipped(live, by=by(world.olga), at=NOW, reason="Again")


def test_one_person_rolls_back_and_the_second_is_told(
    world: World, live: FlowVersion, draft: FlowVersion
) -> None:
    publish_by_two(draft, world.olga, world.bob)

    back = roll_back(live, by=by(world.olga), at=NOW, reason="Clients complain")

    assert (back.copied_from, back.published_by) == (live, world.olga)
    told = Notification.objects.get(words=Notification.Words.ROLLED_BACK)
    assert told.recipient == world.bob
    row = PublishApproval.objects.get(state="rolled_back")
    assert (row.version, row.item.is_open) == (back, False)
    never = copy(live, by=by(world.olga), at=NOW, reason="Try")
    with pytest.raises(NotPublishable, match="never published"):
        roll_back(never, by=by(world.olga), at=NOW, reason="Back to what nobody saw")


def test_a_draft_that_nobody_could_agree_to_says_so_at_once(
    world: World, draft: FlowVersion
) -> None:
    assert "no_second_person" not in [each.code for each in lint_findings(draft)]
    world.bob.groups.clear()

    [finding] = [each for each in lint_findings(draft) if each.code == "no_second_person"]
    with pytest.raises(SecondPersonNeeded) as needed:
        publish(draft, by=by(world.olga), at=NOW, reason="Go")

    assert "give another person the role" in finding.message
    assert needed.value.asked is None
    assert not PublishApproval.objects.exists()
    page = words(signed_in(world.olga).get(url(FlowVersion, "change", draft.pk)))
    assert "Nobody but the authors of this draft can agree to it." in page


def test_asking_and_agreeing_at_the_desk(world: World, draft: FlowVersion) -> None:
    olga, bob = signed_in(world.olga), signed_in(world.bob)
    page = words(olga.get(url(FlowVersion, "change", draft.pk)))
    assert "Ask for approval…" in page
    assert "Can agree after you: Bob." in page

    sent = olga.post(
        url(FlowVersion, "do", draft.pk, "publish"), {"reason": "Quicker"}, follow=True
    )
    row = PublishApproval.objects.get()

    assert "so two people must agree. Asked: Bob" in words(sent)
    assert row.item.ref in words(bob.get("/admin/"))
    assert row.item.ref in words(bob.get(url(PublishApproval, "changelist")))
    shown = words(bob.get(url(PublishApproval, "change", row.pk)))
    assert "rule “High value”, priority" in shown
    assert "SLA with clients" in shown
    assert "Olga asked to publish this draft" in words(
        olga.get(url(FlowVersion, "change", draft.pk))
    )
    step = url(PublishApproval, "step", row.pk, "approve")
    done = bob.post(step, {"reason": "Agreed"}, follow=True)
    assert "Bob agreed, and the version was published" in words(done)
    assert fresh(draft).published_by == world.bob


@pytest.mark.parametrize("money", [True, False])
def test_a_field_says_itself_whether_it_is_about_money(
    world: World, live: FlowVersion, money: bool
) -> None:
    draft = copy(live, by=by(world.olga), at=NOW, reason="Fee")
    values: dict[str, Any] = {"name": "deal.retainer", "label": "Retainer", "type": "number"}
    draft.fields.create(position=99, money=money, **values)

    if money:
        asked = asked_to_publish(draft, world.olga)
        assert asked.change_class == ChangeClass.MONEY
    else:
        assert publish(draft, by=by(world.olga), at=NOW, reason="Fee").published_by == world.olga

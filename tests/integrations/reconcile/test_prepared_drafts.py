"""Drafts that flows prepare in a content system: written once, taken over, and removed again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from delivery.models import Deliverable
from delivery.requests.operations import requests
from integrations.adapters.wordpress.client import WordPressClient
from integrations.base.adapter import Permanent
from integrations.models import Attempt, Discrepancy, Outbound
from integrations.publishing.drafts import PREPARE_DRAFT, prepare, remove_drafts
from routing.models import Destination, ExceptionCase, Run
from routing.people.actors import Actor
from routing.runs.operations import runs
from routing.runs.registry import RoutedRun
from tests.delivery.making import codes, done, fresh, make_deliverables, record_request
from tests.desk import signed_in, url, words
from tests.integrations.outbox.test_crm_action import job_of
from tests.integrations.reconcile.conftest import BODY, Away
from tests.world import NOW, World, by

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("without_second_factor"),
    pytest.mark.requirement("G18"),
]


@pytest.fixture
def run(away: Away) -> Run:
    request = record_request(away.world, details="A page")
    for step in (requests.triage, requests.accept):
        done(step([request.pk], by=by(away.world.alice), at=NOW))
    assert request.item.run_id is not None
    return Run.objects.select_related("item__client").get(pk=request.item.run_id)


def job(away: Away, run: Run, **inputs: str) -> RoutedRun:
    given = {"destination": "client", "title": f"Offer {away.name}", "text": "One.\n\nTwo <b>&\nx"}
    return job_of(run, **given | inputs)


def prepared(away: Away, run: Run, **inputs: str) -> Outbound:
    """The message of a draft that was written."""
    assert prepare([job(away, run, **inputs)], Actor.system(), NOW) == {}
    away.go()
    return Outbound.objects.get(verb="draft")


def pages(away: Away, run: Run, *keys: str) -> list[Deliverable]:
    """Pages of the run that are to be published at the same place."""
    plan = [
        {"key": key, "title": key, "format": "page", "amount": "10", "destination": away.place.pk}
        for key in keys
    ]
    request = run.item.children.get(kind="request").as_request
    return make_deliverables(away.world, planned=plan, request=fresh(request))


def published(away: Away, run: Run) -> Deliverable:
    """A page of the run, approved and on its way."""
    [page] = pages(away, run, "one")
    return away.approve(page)


def take_back(away: Away, run: Run) -> list[str]:
    who, at = by(away.world.alice), away.time()
    [result] = remove_drafts([run.pk], by=who, at=at, reason="Not wanted any more.")
    return codes(result)


def test_a_draft_is_written_with_facts_as_text_and_readers_do_not_see_it(
    away: Away, run: Run
) -> None:
    row = prepared(away, run)

    [post] = away.posts()
    assert (row.state, post.status) == ("delivered", "draft")
    assert post.slug == f"{run.item.ref.lower()}-offer-{away.name}"
    assert "<p>One.</p>" in post.content
    assert "<p>Two &lt;b&gt;&amp;<br>x</p>" in post.content.replace("<br />", "<br>")
    # The step may be carried out again after its commit was lost on the way.
    assert prepare([job(away, run)], Actor.system(), NOW) == {}
    away.look()
    assert len(away.posts("any,trash")) == 1
    assert (away.cases, Discrepancy.objects.count()) == ([], 0)


def test_an_answer_that_is_lost_leaves_one_draft(away: Away, run: Run) -> None:
    away.proxy.late = 1

    prepare([job(away, run)], Actor.system(), NOW)
    away.go()
    lost = Outbound.objects.get(verb="draft").state
    away.proxy.land()
    away.go(minutes=2)

    assert (lost, Outbound.objects.get(verb="draft").state) == ("unknown", "delivered")
    assert len(away.posts("any,trash")) == 1
    assert Attempt.objects.filter(outbound__verb="draft").count() == 2


def test_a_system_that_refuses_is_an_exception_of_the_run(
    away: Away, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*given: object) -> None:
        raise Permanent("The user may not write posts.", 403)

    with monkeypatch.context() as refusing:
        refusing.setattr(WordPressClient, "create", refuse)
        prepare([job(away, run)], Actor.system(), NOW)
        away.go()

    [case] = away.cases
    assert (case.reason, case.run) == ("failed_delivery", run)
    assert "may not write posts" in case.evidence["message"]
    assert Outbound.objects.get(verb="draft").state == "dead"


def test_a_deliverable_of_the_run_takes_the_draft_over(away: Away, run: Run) -> None:
    draft = prepared(away, run)
    [before] = away.posts()
    page, other = pages(away, run, "one", "two")

    away.approve(page)
    away.go()

    [post] = away.posts("any,trash")
    assert (post.id, post.status, post.slug) == (before.id, "publish", away.slug)
    assert fresh(page).state == Deliverable.State.LIVE
    message = Outbound.objects.get(verb="publish", item=page.item)
    assert (message.object_key, message.remote_id) == (draft.object_key, draft.remote_id)
    # Nothing is left to remove, and a second page of the run is a post of its own.
    assert take_back(away, run) == ["drafts"]
    away.approve(other, slug=f"second-{away.name}")
    assert Outbound.objects.get(verb="publish", item=other.item).object_key.startswith(
        "deliverable:"
    )


def test_a_page_takes_over_a_draft_that_is_not_written_yet_or_failed(
    away: Away, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*given: object) -> None:
        raise Permanent("Not now.")

    with monkeypatch.context() as refusing:
        refusing.setattr(WordPressClient, "create", refuse)
        prepare([job(away, run)], Actor.system(), NOW)
        away.go()
    assert Outbound.objects.get(verb="draft").state == "dead"

    page = published(away, run)
    away.go()

    assert fresh(page).state == Deliverable.State.LIVE
    assert Outbound.objects.get(verb="draft").state == "discarded"
    assert (len(away.posts("any,trash")), away.cases) == (1, [])


def test_a_draft_that_somebody_edited_is_not_written_over(away: Away, run: Run) -> None:
    prepared(away, run)
    [post] = away.posts()
    away.edit(post, content=post.content.replace("One.", "Mine."))

    page = published(away, run)
    away.go()

    assert fresh(page).state == Deliverable.State.PUBLISH_FAILED
    [case] = away.cases
    assert case.reason == "remote_conflict"
    assert "Mine." in away.seen(post.id).content


def test_removing_drafts_moves_them_to_the_trash(away: Away, run: Run) -> None:
    prepared(away, run)
    page = words(signed_in(away.world.alice).get(url(Run, "change", run.pk)))

    assert take_back(away, run) == []
    away.go()

    [post] = away.posts("any,trash")
    assert "Remove drafts" in page
    assert post.status == "trash"
    assert take_back(away, run) == ["drafts"]
    away.look()
    assert (away.cases, Discrepancy.objects.count()) == ([], 0)
    # What is published now is a page of its own.
    row = published(away, run)
    away.go()
    assert fresh(row).state == Deliverable.State.LIVE
    assert [each.status for each in away.posts("any,trash")] == ["trash", "publish"]


def cancel(away: Away, run: Run) -> None:
    done(runs.cancel([run.pk], by=by(away.world.olga), at=away.time(), reason="Not wanted."))


def test_cancelling_the_run_removes_its_drafts(away: Away, run: Run) -> None:
    draft = prepared(away, run)
    form = words(signed_in(away.world.olga).get(url(Run, "step", run.pk, "cancel")))

    cancel(away, run)
    away.go()

    [post] = away.posts("any,trash")
    assert f"Drafts that are removed (1) {draft.url}" in form
    assert post.status == "trash"
    assert away.cases == []


def test_a_draft_that_was_on_its_way_when_the_run_was_cancelled_is_removed(
    away: Away, run: Run
) -> None:
    away.proxy.late = 1
    prepare([job(away, run)], Actor.system(), NOW)
    away.go()

    cancel(away, run)
    lost = Outbound.objects.get(verb="draft").state
    away.proxy.land()
    away.go(minutes=2)
    away.go(minutes=2)

    assert lost == "unknown"
    assert [each.status for each in away.posts("any,trash")] == ["trash"]


def test_a_draft_that_stays_when_the_run_is_cancelled_is_a_case_of_its_owner(
    away: Away, run: Run
) -> None:
    draft = prepared(away, run)
    [post] = away.posts()
    away.edit(post, content=f"<p>Ours now.</p>{BODY}")

    cancel(away, run)
    away.go()

    [case] = away.cases
    assert away.seen(post.id).status == "draft"
    assert (case.reason, case.run, case.item.owner) == ("remote_conflict", run, run.item.owner)
    assert (case.evidence["url"], bool(draft.url)) == (draft.url, True)
    assert "was not moved to the trash" in case.evidence["message"]


@pytest.mark.parametrize("fields", [{"content": f"<p>Ours now.</p>{BODY}"}, {"status": "publish"}])
def test_a_draft_that_somebody_edited_or_published_stays(
    away: Away, run: Run, fields: dict[str, str]
) -> None:
    prepared(away, run)
    [post] = away.posts()
    away.edit(post, **fields)

    take_back(away, run)
    away.go()

    assert away.seen(post.id).status == fields.get("status", "draft")
    [case] = away.cases
    assert (case.reason, case.run) == ("remote_conflict", run)
    assert "was not moved to the trash" in case.evidence["message"]


def test_a_draft_on_its_way_is_not_removed_yet(away: Away, run: Run) -> None:
    prepare([job(away, run)], Actor.system(), NOW)

    assert take_back(away, run) == ["busy"]


def test_what_cannot_be_prepared_is_refused_in_words(away: Away, run: Run) -> None:
    before = Outbound.objects.count()

    def said(**inputs: str) -> str:
        refused = prepare([job(away, run, **inputs)], Actor.system(), NOW)
        return refused[run.pk].message

    assert "nothing to write" in said(title=" ")
    assert "nothing to write" in said(text="\n \n")
    assert "more than" in said(title="x" * 201)
    assert "is gone" in said(destination="0")
    Destination.objects.create(client=away.world.acme, name="News", kind="wordpress")
    assert "several destinations" in said()
    named = job(away, run, destination=str(away.place.pk))
    assert prepare([replace(named, client_id=None)], Actor.system(), NOW) == {}
    Destination.objects.update(kind="static")
    assert "No active connection" in said(destination=str(away.place.pk))
    Destination.objects.update(is_active=False)
    assert "no active destination" in said()
    assert Outbound.objects.count() == before + 1


def test_destinations_stand_in_a_file_by_client_and_name(away: Away, world: World) -> None:
    [where, *_texts] = PREPARE_DRAFT.inputs

    stored = where.from_file(f"{world.acme.code}: Blog")

    assert stored == str(away.place.pk)
    assert where.to_file(stored) == f"{world.acme.code}: Blog"
    assert where.shown("client") == "The client's destination"
    assert not ExceptionCase.objects.exists()

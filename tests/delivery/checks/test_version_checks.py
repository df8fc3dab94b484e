"""A check can be only for flows that name it."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from delivery.checks.brief_checks import brief_checks
from delivery.checks.operations import applying, awaiting_signature
from delivery.models import Brief, Check, Deliverable, VersionCheck
from routing.flows.change_classes import ChangeClass
from routing.flows.files.difference import differences
from routing.flows.files.stored import content_of, unresolved
from routing.flows.files.text import read_flow_file, written
from routing.flows.operations import copy
from routing.models import FlowVersion, Run, WorkItem
from tests.delivery.making import hand_in, make_brief, make_deliverables
from tests.desk import signed_in, url, words
from tests.flows import publish_by_two
from tests.routing.runs.stories import crm_of, run_about, usual_flow
from tests.world import World, by, make_request

pytestmark = [
    pytest.mark.usefixtures("without_second_factor"),
    pytest.mark.requirement("Q15", "G4"),
]


@pytest.fixture
def terms(world: World) -> Check:
    return Check.objects.create(
        name="No coming soon",
        kind="forbidden_terms",
        params={"terms": ["coming soon"]},
        only_in_flows=True,
    )


def naming(world: World, check: Check) -> FlowVersion:
    """Publish a version of the flow that names the check."""
    draft = copy(usual_flow(world), by=by(world.olga), at=timezone.now(), reason="Checks")
    VersionCheck.objects.create(version=draft, check_row=check)
    return publish_by_two(draft, world.olga, world.bob, at=timezone.now())


def put_in(row: Any, run: Run | None) -> None:
    WorkItem.objects.filter(pk=row.item_id).update(run=run)
    row.item.refresh_from_db()


def in_run(world: World, run: Run | None) -> Brief:
    request = make_request(world.acme, "accepted")
    put_in(request, run)
    return make_brief(world, request=request)


def sent(page: Any) -> dict[str, Any]:
    """Return what a browser sends back of the form of a check."""
    form = page.context["form"]
    values = {field.html_name: field.value() for field in form}
    kept = {name: value for name, value in values.items() if value not in (None, False)}
    return kept | {"once": page.context["token"]}


def test_it_looks_at_the_work_of_that_flow_alone(world: World, terms: Check) -> None:
    with crm_of(world):
        version = naming(world, terms)
        run = run_about("901")
    assert run.version == version
    of_flow, elsewhere = make_deliverables(world)[0], make_deliverables(world)[0]
    put_in(of_flow, run)

    found = applying([Deliverable.objects.get(pk=of_flow.pk), elsewhere])

    assert terms in found[of_flow.pk]
    assert terms not in found[elsewhere.pk]


def test_a_sign_off_is_asked_for_in_that_flow_alone(world: World) -> None:
    brand = Check.objects.create(name="Brand", kind="judgment", only_in_flows=True)
    with crm_of(world):
        naming(world, brand)
        run = run_about("902")
    of_flow, elsewhere = make_deliverables(world)[0], make_deliverables(world)[0]
    put_in(of_flow, run)
    for row in (of_flow, elsewhere):
        hand_in(world, row)

    waiting = awaiting_signature(Deliverable.objects.all(), by=by(world.quin))

    assert list(waiting) == [of_flow]


def test_a_check_of_briefs_too(world: World) -> None:
    contact = Check.objects.create(name="Has a contact", kind="brief_contact", only_in_flows=True)
    with crm_of(world):
        naming(world, contact)
        run = run_about("903")
    of_flow, elsewhere = in_run(world, run), in_run(world, None)

    found = brief_checks([of_flow, elsewhere])

    assert contact in found[of_flow.pk]
    assert contact not in found[elsewhere.pk]


def test_it_is_in_the_file_and_in_the_differences(world: World, terms: Check) -> None:
    with crm_of(world):
        flow = usual_flow(world)
        draft = copy(flow, by=by(world.olga), at=timezone.now(), reason="Checks")
        VersionCheck.objects.create(version=draft, check_row=terms)

    content = content_of(draft)
    [change] = differences(content_of(flow), content)

    assert (change.path, change.change_class) == ("checks[No coming soon]", ChangeClass.CHECKS)
    file = read_flow_file(written(content).encode())
    assert file.content == content
    assert unresolved(file) == []
    page = words(signed_in(world.olga).get(url(FlowVersion, "change", draft.pk)))
    assert "Checks of this flow" in page


def test_a_file_that_names_no_check_says_which_is_near(world: World, terms: Check) -> None:
    with crm_of(world):
        draft = copy(usual_flow(world), by=by(world.olga), at=timezone.now(), reason="Checks")
        VersionCheck.objects.create(version=draft, check_row=terms)
    text = written(content_of(draft)).replace("No coming soon", "No comming soon")

    [fault] = unresolved(read_flow_file(text.encode()))

    assert "Did you mean No coming soon?" in fault.message


def test_such_a_check_is_for_all_clients(world: World, terms: Check) -> None:
    browser = signed_in(world.olga)
    address = url(Check, "change", terms.pk)

    answer = browser.post(address, sent(browser.get(address)) | {"client": str(world.acme.pk)})

    assert "A check that flows name is for all clients." in words(answer)
    assert Check.objects.get().client is None

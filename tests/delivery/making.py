"""
Work in the making, for tests: an accepted request, its brief, its deliverables, taken as far as a
test needs.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from itertools import count
from typing import Any

from django.utils import timezone

from delivery.approvals.details import DecideDetails
from delivery.approvals.operations import answering, approvals, deliverables
from delivery.briefs.details import EditBriefDetails
from delivery.briefs.operations import briefs
from delivery.deliverables.details import ConfirmReceiptDetails
from delivery.deliverables.formats import Format
from delivery.deliverables.operations import versions
from delivery.flows.shipped import ensure_request_flows
from delivery.models import Approval, Brief, Deliverable, Engagement, Request
from delivery.progress.operations import receipts
from delivery.progress.operations.recording import NewRequest, record
from routing.models import Contact, Destination, Membership, User, WorkItem
from routing.people.actors import Actor
from routing.sla.operations.calendars import ensure_defaults
from routing.work.creation import create
from routing.work.door import OperationResult
from tests.world import World, by, make_contact, make_request

_numbers = count(1)


def make_destination(world: World, **fields: Any) -> Destination:
    number = next(_numbers)
    return Destination.objects.create(
        client=world.acme, **{"name": f"Blog {number}", "kind": "wordpress"} | fields
    )


def make_engagement(world: World, **fields: Any) -> Engagement:
    return Engagement.objects.create(
        client=world.acme, **{"name": "Site", "amount": Decimal(10_000), "currency": "EUR"} | fields
    )


def take_requests(at: datetime) -> None:
    """Publish the flows that take what clients ask for, with the hours and policies they need."""
    ensure_defaults(at=at)
    ensure_request_flows(at=at)


def record_request(
    world: World, *, who: User | None = None, at: datetime | None = None, **fields: Any
) -> Request:
    """A request of Acme as Alice records it at the desk, with its event and its run."""
    moment = at or timezone.now()
    take_requests(moment)
    given: dict[str, Any] = {"client": world.acme, "title": "A new site"} | fields
    call = NewRequest(**given)
    made = record(call, by=by(who or world.alice), at=moment).request
    assert made is not None
    return made


def make_brief(
    world: World,
    *,
    planned: Sequence[dict[str, Any]] = (),
    request: Request | None = None,
    **fields: Any,
) -> Brief:
    """A draft whose plan is one page, unless another one is given."""
    request = request or make_request(world.acme, Request.State.ACCEPTED)
    plan = list(planned) or [
        {"key": "one", "title": "Landing page", "format": Format.PAGE.value, "amount": "1000"}
    ]
    item = WorkItem(
        title="A new site",
        client=world.acme,
        team=world.team,
        owner=world.alice,
        backup=world.bob,
        parent=request.item,
        run_id=request.item.run_id,
    )
    brief = Brief(item=item, request=request, body=fields.pop("body", "Make it good."), **fields)
    [made] = create([brief], by=Actor.system(), at=timezone.now())
    [result] = briefs.edit(
        [made.pk], by=by(world.alice), at=timezone.now(), details=EditBriefDetails(planned=plan)
    )
    assert result.done, result.refusals
    return Brief.objects.get(pk=made.pk)


def done(results: Sequence[Any]) -> None:
    assert all(result.done for result in results), [result.refusals for result in results]


def make_deliverables(world: World, **fields: Any) -> list[Deliverable]:
    """Planned, as an approved brief makes them."""
    brief = make_brief(world, **{"engagement": make_engagement(world)} | fields)
    done(briefs.submit([brief.pk], by=by(world.alice), at=timezone.now()))
    done(briefs.approve([brief.pk], by=by(world.bob), at=timezone.now()))
    return list(Deliverable.objects.filter(brief=brief).order_by("pk"))


DRAFT = versions.Draft(
    {"title": "Hello", "slug": "hello", "body_html": "<h2>Welcome</h2><p>To our new page.</p>"}
)


def hand_in(world: World, row: Deliverable, draft: versions.Draft = DRAFT) -> Deliverable:
    """Start it if need be, upload a version and hand it in."""
    if row.state == Deliverable.State.PLANNED:
        done(deliverables.start([row.pk], by=by(world.cora), at=timezone.now()))
    done(versions.upload([row.pk], by=by(world.cora), at=timezone.now(), details=draft))
    done(deliverables.submit([row.pk], by=by(world.cora), at=timezone.now()))
    return fresh(row)


def question(row: Deliverable) -> Approval:
    """The approval of it that is pending."""
    return Approval.objects.get(version__deliverable=row, state=Approval.State.PENDING)


def with_the_client(world: World, row: Deliverable, draft: versions.Draft = DRAFT) -> Deliverable:
    """Through QA and the agency's own approval, and before the client, who has one approver."""
    if not Membership.objects.filter(client=world.acme, role=Membership.Role.APPROVER).exists():
        Membership.objects.create(
            contact=make_contact(), client=world.acme, role=Membership.Role.APPROVER
        )
    hand_in(world, row, draft)
    done(
        approvals.approve(
            [question(row).pk], by=by(world.alice), at=timezone.now(), details=DecideDetails()
        )
    )
    done(deliverables.ask_client([row.pk], by=by(world.alice), at=timezone.now()))
    return fresh(row)


def fresh(row: Any) -> Any:
    return type(row).objects.select_related("item").get(pk=row.pk)


def receive(row: Deliverable) -> Deliverable:
    """The client has the files that were handed over."""
    contact = approver()
    contact.user = contact.user or User.objects.create_user("carla@acme.test", full_name="Carla")
    contact.save()
    details = ConfirmReceiptDetails(receipts.CONFIRMED)
    at = timezone.now()
    done(receipts.confirm_receipt([row.pk], by=by(contact.user), at=at, details=details))
    return fresh(row)


def approver() -> Contact:
    return Contact.objects.get(memberships__role=Membership.Role.APPROVER)


def say(page: Deliverable, word: str, comment: str = "", digest: str = "") -> OperationResult:
    """The approver's answer to the question that is open."""
    contact = approver()
    contact.user = contact.user or User.objects.create_user("carla@acme.test", full_name="Carla")
    contact.save()
    step = next(verb for verb, said in answering.WORDS.items() if said == word)
    asked = question(page)
    [result] = getattr(approvals, step)(
        [asked.pk],
        by=by(contact.user),
        at=timezone.now(),
        details=DecideDetails(digest or asked.digest, comment),
    )
    answer: OperationResult = result
    return answer


def codes(result: Any) -> list[str]:
    return [refusal.code for refusal in result.refusals]

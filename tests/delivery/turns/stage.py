"""
A small agency with everybody who may have to be notified, and what each of them was told since.

Alice owns, Bob backs up, Cora makes, Quin and Quentin review; Carla and Carl approve for the client
and Rita asked for the work.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from delivery.approvals.details import DecideDetails
from delivery.approvals.operations import approvals, deliverables
from delivery.briefs.operations import briefs
from delivery.deliverables.operations import versions
from delivery.models import Approval, Brief, Check, Deliverable, Request
from routing.kernel.roles import QA
from routing.models import Contact, Notification, User
from tests.delivery.making import (
    DRAFT,
    done,
    fresh,
    make_brief,
    make_engagement,
    question,
)
from tests.portal import APPROVER, REQUESTER, invited, user_of
from tests.world import NOW, World, by, make_request, make_user


@dataclass
class Stage:
    """``told()`` returns what was written since the last ``begin()``, by first name and kind."""

    world: World
    carla: Contact
    carl: Contact
    rita: Contact
    quentin: User
    seen: int = 0

    @classmethod
    def of(cls, world: World) -> Stage:
        acme = world.acme
        return cls(
            world,
            invited(world, "Carla", (acme, APPROVER)),
            invited(world, "Carl", (acme, APPROVER)),
            invited(world, "Rita", (acme, REQUESTER)),
            make_user("Quentin", QA),
        )

    def begin(self) -> None:
        newest = Notification.objects.order_by("-pk").first()
        self.seen = newest.pk if newest else 0

    def told(self) -> dict[str, set[str]]:
        """Return “words about kind” of each person."""
        found: dict[str, set[str]] = {}
        for row in Notification.objects.filter(pk__gt=self.seen).select_related(
            "recipient", "item"
        ):
            name = row.recipient.full_name.lower()
            found.setdefault(name, set()).add(f"{row.words} {row.item.kind}")
        return found

    # -- Work as far as a test needs it ------------------------------------------------------------

    def request(self, state: str = Request.State.CAPTURED, **fields: Any) -> Request:
        return make_request(self.world.acme, state, contact=self.rita, **fields)

    def brief(self, amount: str = "1000") -> Brief:
        sold = make_engagement(self.world, amount=Decimal(2000))
        plan = [{"key": "one", "title": "Page", "format": "page", "amount": amount}]
        request = self.request(Request.State.ACCEPTED)
        return make_brief(self.world, request=request, engagement=sold, planned=plan)

    def in_review(self, amount: str = "1000") -> Brief:
        row = self.brief(amount)
        done(briefs.submit([row.pk], by=by(self.world.alice), at=NOW))
        return row

    def page(self) -> Deliverable:
        """A planned page of Rita's request."""
        row = self.in_review()
        done(briefs.approve([row.pk], by=by(self.world.bob), at=NOW))
        return Deliverable.objects.select_related("item").get(brief=row)

    def made(self) -> Deliverable:
        """With a version of Cora's, not handed in."""
        row = self.page()
        done(deliverables.start([row.pk], by=by(self.world.cora), at=NOW))
        done(versions.upload([row.pk], by=by(self.world.cora), at=NOW, details=DRAFT))
        return self.fresh(row)

    def in_qa(self) -> Deliverable:
        Check.objects.create(name="Brand", kind="judgment")
        row = self.made()
        done(deliverables.submit([row.pk], by=by(self.world.cora), at=NOW))
        return self.fresh(row)

    def before_agency(self) -> Deliverable:
        row = self.made()
        done(deliverables.submit([row.pk], by=by(self.world.cora), at=NOW))
        return self.fresh(row)

    def before_client(self, quorum: str = "any") -> Deliverable:
        """Asked of the client by Bob, after Alice approved."""
        row = self.before_agency()
        self.answer(row, self.world.alice, approvals.approve)
        done(deliverables.ask_client([row.pk], by=by(self.world.bob), at=NOW))
        # As a flow with this quorum asks.
        Approval.objects.filter(version__deliverable=row, state="pending").update(quorum=quorum)
        return self.fresh(row)

    def approved(self) -> Deliverable:
        row = self.before_client()
        self.answer(row, user_of(self.carla), approvals.approve)
        return self.fresh(row)

    def answer(self, row: Deliverable, user: User, step: Any, comment: str = "") -> None:
        asked = question(row)
        details = DecideDetails(asked.digest, comment)
        done(step([asked.pk], by=by(user), at=NOW, details=details))

    def fresh(self, row: Any) -> Any:
        return fresh(row)

"""
Make the demo's deliverables.

Every step is taken by the person and at the time that it would have been.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from io import BytesIO
from typing import Any

from django.core.files.base import ContentFile
from PIL import Image, ImageDraw

from delivery.approvals.details import DecideDetails, RecordDetails
from delivery.approvals.models import Answer, Approval
from delivery.approvals.operations import approvals, deliverables
from delivery.approvals.operations.reviewing import expire_due
from delivery.briefs.details import EditBriefDetails
from delivery.briefs.models import Brief
from delivery.briefs.operations import briefs
from delivery.checks.models import Check
from delivery.deliverables.details import SignOffDetails
from delivery.deliverables.models import Deliverable
from delivery.deliverables.operations import versions
from delivery.engagements.models import Engagement
from delivery.requests.models import Request
from demo.agency import agency
from demo.agency.outside import outside
from demo.agency.pieces import JOBS, DemoJob, DemoPiece
from routing.kernel.slugs import slug_of
from routing.people.actors import Actor
from routing.people.clients import Client, Contact, Membership
from routing.people.destinations import Destination
from routing.people.saving import save_with_reason
from routing.people.staff import User
from routing.work.creation import create
from routing.work.details import HandOverDetails
from routing.work.files import File
from routing.work.new_items import new_item
from routing.work.operations import files, items

WHY = "The demo was loaded."
CREATIVE, QA = "tess", "ken"
State = Deliverable.State
PACE = timedelta(hours=2)  # from one step of a piece to the next


class PieceRefused(RuntimeError):
    """A step of a piece was refused, so the demo no longer fits the product."""


def make_pieces(clients: Mapping[str, Client], made: list[Request], at: datetime) -> None:
    known = {(each.item.client_id, each.item.title): each for each in made}
    for job in JOBS:
        client = clients[job.client]
        _Making(job, client, known[client.pk, job.title], at).run()
    expire_due(at=at - PACE)


def make_job(job: DemoJob, client: Client, request: Request, at: datetime) -> None:
    """Make the pieces of one job for an accepted request."""
    _Making(job, client, request, at).run()


def _person(name: str) -> Actor:
    return Actor.of(User.objects.get(email=f"{name}@{agency.DOMAIN}"))


def picture() -> bytes:
    """Draw a hill under a sky."""
    image = Image.new("RGB", (960, 540), (190, 219, 232))
    draw = ImageDraw.Draw(image)
    draw.polygon(
        [(0, 400), (280, 210), (520, 360), (760, 160), (960, 330), (960, 540), (0, 540)],
        fill=(84, 122, 82),
    )
    draw.ellipse((730, 50, 820, 140), fill=(250, 226, 150))
    out = BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()


@dataclass
class _Making:
    job: DemoJob
    client: Client
    request: Request
    at: datetime  # the time of loading; nothing happens later
    people: dict[str, Actor] = field(default_factory=dict)
    files: dict[str, File] = field(default_factory=dict)

    def run(self) -> None:
        # A flow may have chosen somebody else than the client's own account manager.
        item = self.request.item
        owner = item.owner_id if item.run_id else self.client.owner_id
        lead = Actor.of(User.objects.get(pk=owner or 0))
        self.people = {
            "lead": lead,
            "creative": _person(CREATIVE),
            "qa": _person(QA),
            "ops": _person("olu"),
        }
        moment = self.at - timedelta(hours=self.age_h())
        brief = self.agree(moment)
        made = Deliverable.objects.filter(brief=brief).select_related("item", "version")
        rows = {row.item.title: row for row in made}
        for piece in self.job.pieces:
            self.make(piece, rows[piece.title], moment)

    def age_h(self) -> float:
        """
        Return the age of the brief: an hour less than the last step of its request.

        It is a day at least, so that there is time for the steps of its pieces.
        """
        newest = self.request.history.order_by("-history_date").first()
        since: timedelta = self.at - newest.history_date
        return max(since.total_seconds() / 3600 - 1, 24.0)

    def place(self, moment: datetime) -> Destination:
        """Return the destination of the job's pages. Pages of an earlier demo keep theirs."""
        path = f"{slug_of(self.client.name)}-{self.at:%y%m%d%H%M%S}"
        place = Destination.objects.filter(client=self.client, name=self.job.place).first()
        if place is not None and place.path != path:
            place.name = f"{place.name} ({place.path})"[:120]
            save_with_reason(place, by=self.people["lead"], at=self.at, reason=WHY)
            place = None
        if place is None:
            place = Destination(
                client=self.client, name=self.job.place, path=path, publishes_on_approval=False
            )
        place.kind, place.connection = outside().connect(moment)
        # Several jobs share a place, and its history is in the order in which it is written.
        save_with_reason(place, by=self.people["lead"], at=self.at, reason=WHY)
        return place

    def agree(self, moment: datetime) -> Brief:
        """Create the engagement, the destination and the brief with its planned deliverables."""
        sold = Engagement(
            client=self.client,
            name=self.job.title,
            amount=self.job.sold,
            currency="EUR",
            hours=200,
            rounds=3,
        )
        place = self.place(moment)
        brief = Brief.objects.filter(request=self.request, is_current=True).first()
        if brief is None:
            save_with_reason(sold, by=self.people["lead"], at=moment, reason=WHY)
            about = self.request.item
            item = new_item(about.title, parent=about, client=self.client)
            brief = Brief(item=item, request=self.request, engagement=sold, body=self.job.body)
            create([brief], by=self.people["lead"], at=moment)
        lead, pieces = self.people["lead"], enumerate(self.job.pieces, start=1)
        plan = [self.planned(number, piece, place) for number, piece in pieces]
        details = EditBriefDetails(planned=plan)
        self.done(briefs.edit([brief.pk], by=lead, at=moment, details=details))
        self.done(briefs.submit([brief.pk], by=lead, at=moment))
        other = self.people["ops"]
        if other.user_id == lead.user_id:  # nobody approves their own brief
            other = _person("jonas")
        self.done(briefs.approve([brief.pk], by=other, at=moment))
        return brief

    def planned(self, number: int, piece: DemoPiece, place: Destination) -> dict[str, Any]:
        return {
            "key": f"piece{number}",
            "title": piece.title,
            "format": piece.format,
            "destination": place.pk if piece.published else None,
            "amount": str(Decimal(piece.amount)),
            "hours": str(piece.hours),
            "due": (self.at.date() + timedelta(days=piece.due_d)).isoformat(),
        }

    def make(self, piece: DemoPiece, row: Deliverable, agreed: datetime) -> None:
        moment, texts = agreed + timedelta(hours=piece.after_h), list(piece.texts)
        for step in piece.steps:
            moment = min(moment + PACE, self.at)
            text = texts[0] if texts else ""
            if step == "upload" and len(texts) > 1:  # the last text is used again
                texts.pop(0)
            now = Deliverable.objects.select_related("item__client").get(pk=row.pk)
            self.take(step, piece, now, text, moment)

    def take(self, step: str, piece: DemoPiece, row: Deliverable, text: str, at: datetime) -> None:
        lead, creative, qa = (self.people[name] for name in ("lead", "creative", "qa"))
        match step:
            case "start":
                people = HandOverDetails(row.item.owner_id, row.item.backup_id, creative.user_id)
                handed = items.hand_over(
                    [row.item_id], by=lead, at=at, reason="Tess makes it.", details=people
                )
                self.done(handed)
                self.done(deliverables.start([row.pk], by=creative, at=at))
            case "upload":
                draft = self.draft(piece, text, at)
                self.done(versions.upload([row.pk], by=creative, at=at, details=draft))
            case "pass" | "fail":
                brand = Check.objects.get(kind="judgment", format=row.format, is_active=True)
                note = piece.note if step == "fail" else ""
                signature = SignOffDetails(brand.pk, passed=step == "pass", note=note)
                self.done(deliverables.sign_off([row.pk], by=qa, at=at, details=signature))
            case "approve":
                self.done(approvals.approve([_asked(row)], by=lead, at=at, details=DecideDetails()))
            case "client_approves" | "client_changes":
                self.record(row, step == "client_approves", piece.note, at)
            case "go_live":
                self.publish(row, State.LIVE, at)
            case "fail_publishing":
                place = row.destination
                assert place is not None  # the plan names it
                outside().occupy(f"{place.path}/{piece.slug or slug_of(piece.title)}")
                self.publish(row, State.PUBLISH_FAILED, at)
            case _:
                who, reason = creative if step == "submit" else lead, ""
                if step in {"cancel", "archive"}:
                    reason = piece.note or "The next one replaces it."
                self.done(getattr(deliverables, step)([row.pk], by=who, at=at, reason=reason))

    def publish(self, row: Deliverable, ends: str, at: datetime) -> None:
        """Publish to the demo's own site, which refuses a page at an address that is taken."""
        self.done(deliverables.publish([row.pk], by=self.people["lead"], at=at))
        outside().deliver(at)
        found = Deliverable.objects.get(pk=row.pk).state
        if found != ends:
            raise PieceRefused(f"{row}: {found} instead of {ends}")

    def draft(self, piece: DemoPiece, text: str, at: datetime) -> versions.Draft:
        texts = {
            "title": piece.title,
            "slug": piece.slug or slug_of(piece.title),
            "body_html": text,
            "seo_title": f"{piece.title} | {self.client.name}",
        }
        parts = []
        if "asset:trail.png" in text:
            parts.append(
                versions.DraftFile(
                    self.file("trail.png", picture(), at).pk,
                    "content",
                    "A path along a green ridge under a wide sky",
                )
            )
        if piece.format == "file":
            parts.append(
                versions.DraftFile(
                    self.file("catalogue.png", picture(), at).pk,
                    "download",
                    "The cover of the catalogue",
                )
            )
        return versions.Draft(texts, {"categories": ["Journal"]}, parts)

    def record(self, row: Deliverable, approves: bool, comment: str, at: datetime) -> None:
        word = Answer.Word.APPROVE if approves else Answer.Word.CHANGES
        approver = Contact.objects.filter(
            memberships__client=self.client,
            memberships__role=Membership.Role.APPROVER,
            erased_at=None,
        )
        lead = self.people["lead"]
        evidence = self.file(
            "answer.txt", b"Their answer by e-mail, kept for the record.\n", at, by=lead
        )
        details = RecordDetails(
            word=word.value,
            contact=approver.earliest("pk").pk,
            comment="" if approves else comment,
            evidence=evidence.pk,
        )
        self.done(approvals.record_answer([_asked(row)], by=lead, at=at, details=details))

    def file(self, name: str, content: bytes, at: datetime, by: Actor | None = None) -> File:
        if name not in self.files:
            self.files[name] = files.keep(
                ContentFile(content),
                name=name,
                client=self.client,
                by=by or self.people["creative"],
                at=at,
            )
        return self.files[name]

    def done(self, results: Any) -> None:
        for result in results:
            if not result.done:
                reasons = [f"{each.message} {each.evidence}" for each in result.refusals]
                raise PieceRefused(f"{self.job.title}: {'; '.join(reasons)}")


def _asked(row: Deliverable) -> int:
    return Approval.objects.get(version__deliverable=row, state=Approval.State.PENDING).pk

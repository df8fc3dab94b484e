"""Act 4: versions are made, checked automatically, signed off and answered by the client."""

from __future__ import annotations

from io import BytesIO

from django.core.files.base import ContentFile
from PIL import Image

from delivery.approvals.details import DecideDetails
from delivery.approvals.operations import approvals, deliverables
from delivery.checks import operations as checks
from delivery.deliverables.details import SignOffDetails
from delivery.deliverables.operations import versions
from delivery.deliverables.operations.versions import Draft, DraftFile
from delivery.models import Answer, Approval, CheckResult, Deliverable
from demo.walkthrough.people import by
from demo.walkthrough.told import Told, approvers, reviewers, turn_is
from demo.walkthrough.walk import Walk, fresh, now
from routing.models import File, Notification, User
from routing.people.actors import Actor
from routing.work.operations.files import keep

State, Words = Deliverable.State, Notification.Words
FAULTY = '<h2>Welcome</h2><p>{words}</p><p><img src="asset:{sha}"></p>'
SOUND = '<h2>Welcome</h2><p>{words}</p><p><img src="asset:{sha}" alt="{alt}"></p>'
ALT = "A path through a green valley"


def picture(walk: Walk, user: User | None = None) -> File:
    """Create a small picture and upload it as this person, or else as the maker."""
    seed = int(walk.token, 16)
    raw = BytesIO()
    Image.new("RGB", (64, 48), (seed & 255, seed >> 8 & 255, 90)).save(raw, "PNG")
    return keep(
        ContentFile(raw.getvalue()),
        name=f"valley-{walk.token}.png",
        client=walk.job.run.item.client,
        by=by(user or walk.cast.maker),
        at=now(),
    )


def page_draft(walk: Walk, file: File, words: str, *, alt: bool = True) -> Draft:
    body = (SOUND if alt else FAULTY).format(words=words, sha=file.sha256, alt=ALT)
    texts = {
        "title": f"Opening day {walk.token}",
        "slug": f"walkthrough-{walk.token}",
        "excerpt": "We open.",
        "body_html": body,
    }
    return Draft(texts, {}, [DraftFile(file.pk, "content", ALT)])


def sheet_draft(walk: Walk) -> Draft:
    """Return a draft with a file to hand over."""
    raw = b"day,visitors\nMonday,120\n"
    client, maker = walk.job.run.item.client, by(walk.cast.maker)
    file = keep(
        ContentFile(raw), name=f"figures-{walk.token}.csv", client=client, by=maker, at=now()
    )
    return Draft(
        {"title": "Figures"}, {}, [DraftFile(file.pk, "download", "The figures of the opening")]
    )


def start(walk: Walk, row: Deliverable) -> None:
    walk.transcript.done(
        deliverables.start([row.pk], by=by(walk.cast.maker), at=now()),
        f"{walk.cast.maker} begins {row.item.ref}",
    )


def hand_in(walk: Walk, row: Deliverable, draft: Draft) -> Deliverable:
    maker = walk.cast.maker
    walk.transcript.done(
        versions.upload([row.pk], by=by(maker), at=now(), details=draft),
        f"{maker} uploads a version of {row.item.ref}",
    )
    told = Told(walk.job.run)
    walk.transcript.done(
        deliverables.submit([row.pk], by=by(maker), at=now()), f"{maker} submits it"
    )
    now_row = fresh(row)
    if now_row.state == State.REWORK:
        told.exactly(walk.transcript, [(maker, Words.REWORK)])
        turn_is(walk.transcript, now_row.item, "assignee", [maker])
    else:
        told.exactly(walk.transcript, [(user, Words.SIGN_OFF) for user in reviewers(maker)])
        turn_is(walk.transcript, now_row.item, "reviewers", reviewers(maker))
    return now_row


def sent_back(walk: Walk, row: Deliverable) -> None:
    """Check that the automatic checks found the fault."""
    failed = CheckResult.objects.filter(version=row.version_id, passed=False).select_related(
        "check_row"
    )
    messages = [f"{each.check_row.name}: {each.findings[0]['message']}" for each in failed]
    walk.transcript.check(
        row.state == State.REWORK and messages,
        "the automatic checks send it back and say why",
        row.state,
    )
    for message in messages:
        walk.transcript.note(f"  {message}")


def reviewed(walk: Walk, row: Deliverable) -> None:
    """Sign off the version and approve it for the agency, then ask the client."""
    transcript, reviewer, lead = walk.transcript, walk.cast.reviewer, walk.cast.lead
    row = Deliverable.objects.select_related("item").get(pk=row.pk)
    transcript.check(
        row.state == State.IN_QA,
        "it passes the automatic checks and waits for a sign-off",
        row.state,
    )
    owner, told = _owner(row), Told(walk.job.run)
    for each in checks.judged_checks([row])[row.pk]:
        if each.unsigned:
            signed = deliverables.sign_off(
                [row.pk],
                by=by(reviewer),
                at=now(),
                details=SignOffDetails(check=each.check.pk, passed=True, note=""),
            )
            transcript.done(signed, f"{reviewer} signs “{each.check.name}”")
    question = _question(walk, row, "the agency")
    told.exactly(walk.transcript, [(owner, Words.APPROVAL)])
    turn_is(walk.transcript, question.item, "agency", [owner])
    told = Told(walk.job.run)
    transcript.done(
        approvals.approve(
            [question.pk], by=by(lead), at=now(), details=DecideDetails(digest=question.digest)
        ),
        f"{lead} approves it for the agency",
    )
    told.exactly(walk.transcript, [(owner, Words.ASK_CLIENT)])
    turn_is(walk.transcript, row.item, "owner", [owner])
    _ask_client(walk, row, owner)


def _ask_client(walk: Walk, row: Deliverable, owner: User) -> None:
    told = Told(walk.job.run)
    walk.transcript.done(
        deliverables.ask_client([row.pk], by=by(owner), at=now()), f"{owner} asks the client"
    )
    people = approvers(row.item)
    told.exactly(walk.transcript, [(user, Words.DECIDE) for user in people])
    turn_is(walk.transcript, _question(walk, row, "the client").item, "asked", people)


ANSWERS = {
    Answer.Word.APPROVE: approvals.approve,
    Answer.Word.CHANGES: approvals.request_changes,
    Answer.Word.REJECT: approvals.reject,
}


def client_says(walk: Walk, row: Deliverable, word: str, comment: str = "") -> Deliverable:
    """Answer the open approval as the client's contact, with the operation of the portal."""
    transcript, contact = walk.transcript, walk.job.contact
    question = _question(walk, row, "the client")
    assert contact.user is not None  # invited before
    told, owner, maker = Told(walk.job.run), _owner(row), walk.cast.maker
    [result] = ANSWERS[Answer.Word(word)](
        [question.pk],
        by=Actor.of(contact.user),
        at=now(),
        details=DecideDetails(digest=question.digest, comment=comment),
    )
    words = f"{contact.full_name}, for the client: {Answer.Word(word).label}"
    if comment:
        words += f" (“{comment}”)"
    transcript.done([result], words)
    answer = Answer.objects.get(approval=question)
    transcript.check(
        answer.digest == question.version.digest,
        f"the answer is bound to exactly that version ({answer.digest[:12]})",
    )
    if word == Answer.Word.CHANGES:
        told.exactly(walk.transcript, [(owner, Words.CHANGES), (maker, Words.CHANGES)])
        turn_is(walk.transcript, row.item, "assignee", [maker])
    else:
        told.exactly(
            walk.transcript,
            [(owner, Words.DECIDED), (owner, Words.APPROVED), (maker, Words.APPROVED)],
        )
    return fresh(row)


def _question(walk: Walk, row: Deliverable, whom: str) -> Approval:
    pending = Approval.objects.filter(version__deliverable=row, state=Approval.State.PENDING)
    found = pending.select_related("item", "version")
    walk.transcript.check(
        found.count() == 1,
        f"{whom} is asked: {', '.join(each.item.ref for each in found)}",
        found.count(),
    )
    return found[0]


def _owner(row: Deliverable) -> User:
    assert row.item.owner is not None  # open work always has one
    return row.item.owner

"""Act 3: the request is accepted, and its brief is approved by a second person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from delivery.briefs.details import EditBriefDetails
from delivery.briefs.operations import briefs
from delivery.models import Brief, Deliverable
from delivery.requests.operations import requests
from demo.walkthrough.people import by
from demo.walkthrough.walk import Walk, WalkthroughJob, now, where
from routing.models import Client, Destination, User
from routing.people.saving import save_with_reason
from routing.work.details import HandOverDetails
from routing.work.operations.items import hand_over

WHY = "For the walkthrough."


def take_on(walk: Walk) -> None:
    transcript, job = walk.transcript, walk.job
    owner = _owner(job)
    transcript.done(
        requests.triage([job.request.pk], by=by(owner), at=now()),
        f"{owner} triages {job.request.item.ref}",
    )
    transcript.done(
        requests.accept([job.request.pk], by=by(owner), at=now(), reason="It is in the budget."),
        f"{owner} accepts it",
    )


def agree(walk: Walk, planned: Sequence[dict[str, Any]]) -> list[Deliverable]:
    """
    Put the plan into the brief, have it approved, and assign its deliverables to their maker.

    Returns the deliverables.
    """
    transcript, job = walk.transcript, walk.job
    owner = _owner(job)
    others = [walk.cast.second, walk.cast.lead, walk.cast.account]
    other = next(user for user in others if user.pk != owner.pk)
    brief = Brief.objects.select_related("item").get(request=job.request)
    body = f"{brief.body}\n\nMade by manage.py walkthrough."
    titles = ", ".join(f"“{each['title']}”" for each in planned)
    details = EditBriefDetails(body=body, planned=list(planned))
    transcript.done(
        briefs.edit([brief.pk], by=by(owner), at=now(), details=details),
        f"{owner} plans {titles} in {brief.item.ref}",
    )
    transcript.done(briefs.submit([brief.pk], by=by(owner), at=now()), f"{owner} asks for approval")
    transcript.refused(
        briefs.approve([brief.pk], by=by(owner), at=now()),
        "author",
        f"{owner} cannot approve what {owner} asked for",
    )
    transcript.done(
        briefs.approve([brief.pk], by=by(other), at=now(), reason="As agreed with the client."),
        f"{other} approves it",
    )
    made = list(Deliverable.objects.filter(brief=brief).select_related("item").order_by("pk"))
    transcript.check(
        len(made) == len(planned),
        f"deliverables of the plan: {len(made)}, {', '.join(row.item.ref for row in made)}",
        len(made),
    )
    _hand_to_maker(walk, made, owner)
    return made


def _hand_to_maker(walk: Walk, made: Sequence[Deliverable], owner: User) -> None:
    maker = walk.cast.maker
    for row in made:
        item = row.item
        results = hand_over(
            [item.pk],
            by=by(walk.cast.lead),
            at=now(),
            reason=WHY,
            details=HandOverDetails(owner=item.owner_id, backup=item.backup_id, doer=maker.pk),
        )
        walk.transcript.done(
            results, f"{item.ref} is {maker}'s to make, and {owner} answers for it"
        )
        walk.transcript.note(f"Deliverable {item.ref}: “{item.title}”.", where(item))


def destination(walk: Walk, client: Client) -> Destination:
    """Return the destination of the client's pages: the site of this walkthrough."""
    slug = walk.site.connection.slug
    found = Destination.objects.filter(
        client=client, connection=slug, kind=walk.site.connection.kind, is_active=True
    ).first()
    if found is None:
        found = Destination(
            client=client,
            name=f"Walkthrough: {slug}",
            kind=walk.site.connection.kind,
            connection=slug,
        )
        save_with_reason(found, by=by(walk.cast.lead), at=now(), reason=WHY)
    return found


def channel(walk: Walk, client: Client, kind: str) -> Destination:
    """Return the destination of the client in a channel that no connection serves."""
    found = Destination.objects.filter(client=client, kind=kind, is_active=True).first()
    if found is None:
        found = Destination(client=client, name=f"Walkthrough: {kind}", kind=kind)
        save_with_reason(found, by=by(walk.cast.lead), at=now(), reason=WHY)
    return found


def _owner(job: WalkthroughJob) -> User:
    owner = job.request.item.owner
    assert owner is not None  # open work always has one
    return owner

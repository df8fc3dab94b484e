"""Play the job of the walkthrough, act by act."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied

from delivery.models import Answer, Deliverable, Request
from delivery.requests.details import EditRequestDetails
from delivery.requests.operations import requests
from demo.walkthrough import outside, starters
from demo.walkthrough.agree import agree, destination, take_on
from demo.walkthrough.arrive import arrive
from demo.walkthrough.close import archived, leave, quiet, traced
from demo.walkthrough.crm import CrmDeals
from demo.walkthrough.decay import decay
from demo.walkthrough.desk import away, phoned, unanswered
from demo.walkthrough.flow import PORTAL, alone, ensure_flow
from demo.walkthrough.lack import decided, lack
from demo.walkthrough.make import (
    client_says,
    hand_in,
    page_draft,
    picture,
    reviewed,
    sent_back,
    sheet_draft,
    start,
)
from demo.walkthrough.people import Cast, by, cast
from demo.walkthrough.publish import complete, crm_knows, handed_over, published
from demo.walkthrough.site import Site
from demo.walkthrough.transcript import StepFailed, Transcript
from demo.walkthrough.walk import Walk, fresh, now
from integrations.base.adapter import CallFailed
from integrations.base.origins import origin_of
from integrations.http.client import SafeClient
from routing.models import File, Outcome

FIRST, CHANGED = "We open on Monday.", "We open on Tuesday."
Word = Answer.Word


@dataclass(frozen=True, slots=True)
class Named:
    """
    The arguments of the command: slugs of connections and ids of deals made by hand.

    Without them, the walkthrough simulates the systems.
    """

    crm: str = ""
    cms: str = ""
    made: tuple[str, ...] = ()


def play(transcript: Transcript, named: Named) -> None:
    """
    Play all acts.

    :raises StepFailed: at the first step that fails; its runs are then cancelled
    """
    product_answers(transcript)
    with stage(transcript, named) as walk, _ended(walk):
        _acts(walk)


def play_flow(transcript: Transcript, slug: str) -> None:
    """
    Play a starter on the running product, with simulated systems.

    :raises StepFailed: at the first step that fails; its runs are then cancelled
    """
    product_answers(transcript)
    with stage(transcript, Named(), starters.PORTAL) as walk, _ended(walk):
        starters.play_starter(walk, slug)
        quiet(walk)


@contextmanager
def _ended(walk: Walk) -> Iterator[None]:
    """Say what failed, and cancel the runs of a walkthrough that does not get to its end."""
    ended = False
    try:
        yield
        ended = True
    except CallFailed as error:
        raise StepFailed(f"An external system failed: {error}") from None
    except PermissionDenied as error:
        raise StepFailed(f"The roles of the people do not allow it: {error}") from None
    finally:
        if not ended:
            leave(walk)


def _acts(walk: Walk) -> None:
    transcript = walk.transcript
    transcript.act("1. A deal comes in")
    arrive(walk, f"Walkthrough {walk.token}", ends=False)
    transcript.act("2. A fact is missing")
    lack(walk)
    decided(walk)
    transcript.act("3. The request is accepted, and the brief approved")
    take_on(walk)
    page, sheet = agree(walk, _plan(walk))
    transcript.act("4. Versions are made, signed off and approved")
    file = picture(walk)
    lost = _make(walk, page, sheet, file)
    transcript.act("5. The page is published and proven")
    handed_over(walk, sheet)
    page = published(walk, page, lost=lost)
    complete(walk)
    crm_knows(walk, page)
    transcript.act("6. Somebody changes the page by hand")
    decay(walk, page, FIRST)
    transcript.act("7. The client wants something else on the live page")
    if walk.by_hand and not walk.made:
        transcript.note(
            "Skipped: this act needs a second deal that was made by hand, with an end date. Name "
            "it with another --deal."
        )
    else:
        _change(walk, page, file)
    _by_phone(walk)
    transcript.act("11. The trace is complete, and the audit trail intact")
    quiet(walk)
    traced(walk)
    archived(walk)


def _by_phone(walk: Walk) -> None:
    transcript = walk.transcript
    if walk.by_hand:
        transcript.act("8. to 10. The client calls")
        transcript.note(
            "Skipped: these acts send e-mails to the contact, who is a real person if the deal was "
            "made by hand."
        )
        return
    transcript.act("8. The client calls")
    call = phoned(walk)
    transcript.act("9. The owner is away")
    away(walk, call)
    transcript.act("10. The client does not answer")
    unanswered(walk)


def _make(walk: Walk, page: Deliverable, sheet: Deliverable, file: File) -> bool:
    """
    Get both deliverables approved by the client, the page after a fault and a change.

    Returns whether the next answer of the site will be lost.
    """
    start(walk, page)
    sent_back(walk, hand_in(walk, page, page_draft(walk, file, FIRST, alt=False)))
    hand_in(walk, page, page_draft(walk, file, "We open soon."))
    reviewed(walk, page)
    row = client_says(walk, page, Word.CHANGES.value, "Please say on which day.")
    walk.transcript.check(
        row.state == Deliverable.State.REWORK and row.rounds == 1,
        "it goes back for rework, as one of the sold change rounds",
        row.state,
    )
    hand_in(walk, page, page_draft(walk, file, FIRST))
    reviewed(walk, page)
    start(walk, sheet)
    hand_in(walk, sheet, sheet_draft(walk))
    reviewed(walk, sheet)
    client_says(walk, sheet, Word.APPROVE.value)
    lost = walk.site.lose_an_answer()
    if lost:
        walk.transcript.note("The site will carry out the next call, but its answer will be lost.")
    client_says(walk, page, Word.APPROVE.value)
    return lost


def _change(walk: Walk, old: Deliverable, file: File) -> None:
    """Make a new deal, run and request about the page, which stays live until its successor is."""
    transcript = walk.transcript
    arrive(walk, f"Walkthrough {walk.token}: another opening day", ends=True)
    decided(walk)
    account = walk.job.request.item.owner or walk.cast.lead
    details = EditRequestDetails(kind=Request.Kind.CHANGE.value)
    transcript.done(
        requests.edit([walk.job.request.pk], by=by(account), at=now(), details=details),
        f"{account} notes that it is a change of {old.item.ref}",
    )
    take_on(walk)
    [new] = agree(walk, [page_plan(walk, replaces=old.pk)])
    start(walk, new)
    hand_in(walk, new, page_draft(walk, file, CHANGED))
    reviewed(walk, new)
    transcript.check(
        fresh(old).state == Deliverable.State.LIVE,
        f"{old.item.ref} stays live meanwhile",
        fresh(old).state,
    )
    client_says(walk, new, Word.APPROVE.value)
    new = published(walk, new, lost=False)
    before = Outcome.objects.get(item=old.item_id)
    transcript.check(
        before.state == Outcome.State.SUPERSEDED,
        "the outcome of the old page is superseded",
        before.state,
    )
    transcript.check(
        new.live_url == fresh(old).live_url, "the address stays the same", new.live_url
    )
    complete(walk)
    crm_knows(walk, new)


def _plan(walk: Walk) -> list[dict[str, Any]]:
    return [
        page_plan(walk),
        {
            "key": "sheet",
            "title": f"Figures {walk.token}",
            "format": "file",
            "amount": "500",
            "hours": "4",
        },
    ]


def page_plan(walk: Walk, replaces: int | None = None) -> dict[str, Any]:
    client = walk.job.run.item.client
    assert client is not None  # decided before
    place = destination(walk, client).pk
    title = f"Opening day {walk.token}"
    return {
        "key": "page",
        "title": title,
        "format": "page",
        "destination": place,
        "amount": "4000",
        "hours": "30",
        "replaces": replaces,
    }


@contextmanager
def stage(transcript: Transcript, named: Named, portal: int = PORTAL) -> Iterator[Walk]:
    """Provide the people and systems for the time of the walkthrough."""
    with ExitStack() as stack:
        ending = stack.enter_context(outside.place())
        players = _players(transcript)
        if named.crm:
            deals = CrmDeals(outside.named(named.crm, "hubspot"))
        else:
            deals = stack.enter_context(outside.own_crm(ending, players, now(), portal))
        if named.cms:
            site = Site(outside.named(named.cms, "wordpress"))
        else:
            site = stack.enter_context(outside.own_site(ending, players, now()))
        for what, connection in (("CRM", deals.connection), ("site", site.connection)):
            transcript.note(
                f"The {what} is “{connection.name}” at {connection.base_url or 'its vendor'}."
            )
        yield Walk(
            transcript,
            players,
            deals,
            site,
            owns_site=not named.cms,
            made=list(named.made),
            by_hand=bool(named.made),
        )


def _players(transcript: Transcript) -> Cast:
    with alone():
        players = cast(now())
        ensure_flow(players, now())
    accounts, lead = [players.account, players.second], players.lead
    people = [*accounts, lead, players.maker, players.reviewer, players.keeper]
    transcript.note(f"The people are {', '.join(str(user) for user in people)}.")
    return players


def product_answers(transcript: Transcript) -> None:
    url = settings.SITE_URL
    try:
        with SafeClient(url, private=frozenset({origin_of(url)}), total_s=10) as client:
            answer = client.get("/readyz")
    except CallFailed as error:
        raise StepFailed(
            f"The product does not answer at {url} ({error}). Start it with `make run`."
        ) from None
    transcript.check(
        answer.status == HTTPStatus.OK,
        f"the product is ready at {url}",
        answer.status,
    )

"""Faults of the CRM while the product writes into its deals."""

from __future__ import annotations

from http import HTTPStatus
from time import monotonic

from demo.drills.deals import (
    comes_through,
    decided,
    make,
    messages,
    outcomes,
    post_until_kept,
    told,
)
from demo.drills.registry import DrillField, drill
from demo.sandbox.faults import InjectedFault
from demo.walkthrough.people import by
from demo.walkthrough.walk import WORKER, WalkthroughJob, now
from integrations.connections.operations import ConnectionSettings, connect
from integrations.models import Attempt, Outbound
from integrations.outbox.operations.replay import discard
from routing.models import ExceptionCase

WRITE = "PATCH"
RETRY_AFTER_S = 30
DEADLINE_S = 12.0  # of a call, with a second or two for the worker
WATCHED_S = 15
RESUMES_S = 30.0
Outcome, State = Attempt.Outcome, Outbound.State


def _written_through(
    field: DrillField, name: str, *faults: InjectedFault, within_s: float = 120
) -> WalkthroughJob:
    """Let a deal become a run while its CRM has these faults, and wait until it was told."""
    job = make(field, name)
    with field.fault(field.crm.faults.clear):
        field.crm.faults.add(WRITE, *faults)
        post_until_kept(field)
        decided(field, job)
        told(field, job, within_s)
    return job


def _ends_delivered(field: DrillField, job: WalkthroughJob, *, tries: int) -> list[str]:
    """Count how the attempts of the first message ended, the last of them well."""
    first = messages(field, job)[0]
    found = outcomes(first)
    good = len(found) > tries and found[-1] in {Outcome.DELIVERED, Outcome.FOUND}
    field.count("attempts", found, holds=good and first.state == State.DELIVERED)
    return found


@drill(5, about_s=30)
def reset_before(field: DrillField) -> None:
    """The CRM resets the connection before it does anything."""
    job = _written_through(field, "Reset", InjectedFault())
    _ends_delivered(field, job, tries=1)


@drill(7, about_s=60)
def asked_to_wait(field: DrillField) -> None:
    """The CRM answers 429 and asks to come back in 30 seconds."""
    fault = InjectedFault(429, b"{}", headers={"Retry-After": str(RETRY_AFTER_S)})
    job = _written_through(field, "Asked to wait", fault)
    _ends_delivered(field, job, tries=1)
    tries = list(messages(field, job)[0].tries.order_by("number"))
    rest_s = (tries[1].started_at - tries[0].ended_at).total_seconds()
    field.count("waited_s", round(rest_s, 1), holds=rest_s >= RETRY_AFTER_S)


@drill(9, about_s=60)
def dripping_answer(field: DrillField) -> None:
    """The CRM answers a byte every half second: the call ends at its deadline."""
    fault = InjectedFault(200, b"x" * 200, drips_s=0.5)
    job = _written_through(field, "Dripping", fault)
    _ends_delivered(field, job, tries=1)
    slow = messages(field, job)[0].tries.order_by("number")[0]
    took_s = (slow.ended_at - slow.started_at).total_seconds()
    field.count("call_took_s", round(took_s, 1), holds=took_s < DEADLINE_S)


@drill(10, about_s=45)
def revoked_key(field: DrillField) -> None:
    """The CRM refuses our key, a person is notified once, and a new key resumes all."""
    connection, faults = field.walk.deals.connection, field.crm.faults
    jobs = [make(field, f"Revoked {place}") for place in (1, 2)]
    refused = ExceptionCase.objects.filter(evidence__connection=connection.slug)
    before, began_at = refused.count(), now()
    refused_calls = Attempt.objects.filter(
        outbound__connection=connection, outcome=Outcome.REFUSED, started_at__gte=began_at
    )
    with field.fault(faults.clear):
        faults.add(WRITE, *[InjectedFault(401, b"{}")] * 50)
        post_until_kept(field)
        for job in jobs:
            decided(field, job)
        field.walk.transcript.wait("the key is refused", refused_calls.exists, 60, WORKER)
        field.watch(WATCHED_S)
        calls = refused_calls.count()
    cases = refused.count() - before
    field.count("exceptions", cases, holds=cases == 1)
    field.count("refused_calls", calls, holds=calls <= len(jobs))
    began = monotonic()
    wanted = ConnectionSettings(
        kind=connection.kind,
        slug=connection.slug,
        base_url=connection.base_url,
        token=f"{connection.token.first()}-renewed",
    )
    field.crm.token = wanted.token
    connect(wanted, by=by(field.walk.cast.keeper), at=now(), reason="A drill gives a new key.")
    connection.refresh_from_db()
    for job in jobs:
        told(field, job)
    took_s = monotonic() - began
    field.count("resumed_s", round(took_s, 1), holds=took_s < RESUMES_S)


@drill(11, about_s=30)
def value_refused(field: DrillField) -> None:
    """The CRM refuses a value for good: the message fails at once, with the CRM's words."""
    words = "Property values were not valid"
    body = b'{"status": "error", "message": "%s"}' % words.encode()
    job = make(field, "Value refused")
    with field.fault(field.crm.faults.clear):
        field.crm.faults.add(WRITE, *[InjectedFault(400, body)] * 4)
        post_until_kept(field)
        decided(field, job)
        dead = field.walk.transcript.wait(
            "the message failed",
            lambda: next((row for row in messages(field, job) if row.state == State.DEAD), None),
            60,
            WORKER,
        )
    field.count("attempts", dead.attempts, holds=dead.attempts == 1)
    field.count("reason", dead.last_error, holds=words in dead.last_error)
    discard([dead.pk], by=by(field.walk.cast.keeper), at=now(), reason="The drill is over.")


@drill(8, about_s=150)
def away_for_a_minute(field: DrillField) -> None:
    """The CRM answers 503 for a minute: it is called less often, and catches up afterwards."""
    jobs = [make(field, f"Away {place}") for place in range(3)]
    faults, connection = field.crm.faults, field.walk.deals.connection
    # Earlier drills used the same connection.
    attempts = Attempt.objects.filter(outbound__connection=connection, started_at__gte=now())
    with field.fault(faults.clear):
        faults.add(WRITE, *[InjectedFault(HTTPStatus.SERVICE_UNAVAILABLE, b"{}")] * 1000)
        post_until_kept(field)
        for job in jobs:
            decided(field, job)
        field.watch(60)
        calls = attempts.count()
    field.count("calls_meanwhile", calls, holds=0 < calls <= 10 * len(jobs))
    began = monotonic()
    for job in jobs:
        told(field, job, 120)
    field.count("caught_up_s", round(monotonic() - began, 1), holds=True)


@drill(17, about_s=150)
def counterpart_gone(field: DrillField) -> None:
    """The CRM resets every connection for a minute, and catches up afterwards."""
    job = make(field, "Counterpart gone")
    with field.fault(field.crm.faults.clear):
        for method in (WRITE, "GET", "POST"):
            field.crm.faults.add(method, *[InjectedFault()] * 1000)
        post_until_kept(field)
        field.watch(60)
    comes_through(field, job, 240)

"""
Webhooks, and events in good webhooks, that could not be read.

Each connection has one exception for each kind of flaw, with its health owner. Resolving it reads
everything of that kind again, which helps after the sender or this product was fixed. What still
cannot be read then is left alone; it stays in the list of inbound webhooks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import structlog
from django.db import DatabaseError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations.adapters.registry import adapter_of
from integrations.base import doorbell
from integrations.base.connections import Connection
from integrations.inbox.models import Inbound
from integrations.inbox.receive import CONFLICT, Receipt, read_again
from integrations.outbox.cases import health_places
from routing.flows.event_catalogue import kind_words
from routing.kernel.reasons import Reason
from routing.models import ExceptionCase
from routing.people.actors import Actor
from routing.runs.evidence_words import evidence_word
from routing.runs.failures import Failure, failures
from routing.runs.operations.exceptions import resolve
from routing.runs.operations.raising import ExceptionFinding, raise_exceptions
from routing.work.gates import Words
from routing.work.registry import react

log = structlog.get_logger(__name__)
MOST = 2_000  # webhooks that are looked at or read again at once
IGNORED = frozenset({"unknown_portal", "unknown_type"})  # understood, and not for us
FLAWS: Mapping[str, Words] = {
    "not_utf8": gettext_lazy("The body is not text in UTF-8."),
    "not_json": gettext_lazy("The body, or a part of it, is not JSON."),
    "not_an_object": gettext_lazy("An event is not a JSON object."),
    "no_subscription_type": gettext_lazy("An event does not say what happened."),
    "no_object_id": gettext_lazy("An event does not say what it is about."),
    "no_time": gettext_lazy("An event has no time, or one that cannot be right."),
    "no_id": gettext_lazy("A submission has no id, or one with unusual characters."),
    "too_many_events": gettext_lazy("There are too many events in one body."),
    "too_deep": gettext_lazy("The JSON is nested too deep."),
    "duplicate_key": gettext_lazy("A name occurs twice in one JSON object."),
    "not_a_number": gettext_lazy("A number is NaN or infinite."),
    "number_out_of_range": gettext_lazy("A number is too large."),
    "nul_character": gettext_lazy("A text has a NUL character."),
    "lone_surrogate": gettext_lazy("A text contains an incomplete character."),
}


def flaw_in_words(code: str) -> str:
    # An exception about a kind of event has it as its code.
    return str(FLAWS.get(code) or (kind_words(code) if "." in code else code.replace("_", " ")))


evidence_word("code", gettext_lazy("Problem"), flaw_in_words)
evidence_word("webhooks", gettext_lazy("Webhooks"))
evidence_word("inbound", gettext_lazy("First of them"), lambda value: f"#{value}")


@dataclass(frozen=True, slots=True)
class _Pile:
    """The webhooks of one connection with one kind of flaw, the oldest first."""

    connection: Connection
    code: str
    ids: tuple[int, ...]

    def finding(self) -> ExceptionFinding:
        evidence = {
            "connection": self.connection.slug,
            "code": self.code,
            "message": flaw_in_words(self.code),
            "webhooks": len(self.ids),
            "inbound": self.ids[0],
        }
        about = f"{self.connection.name}, {self.code.replace('_', ' ')}"
        places = health_places(self.connection)
        return ExceptionFinding(Reason.UNREADABLE, evidence, about=about, first=places)


def _piles(slugs: Collection[str] | None = None) -> list[_Pile]:
    rows = Inbound.objects.filter(poison__gt=0, settled_at=None).order_by("pk")
    if slugs is not None:
        rows = rows.filter(connection__slug__in=slugs)
    ids: dict[tuple[int, str], list[int]] = defaultdict(list)
    for pk, connection, problems in rows.values_list("pk", "connection_id", "problems")[:MOST]:
        for code in _codes(problems):
            ids[connection, code].append(pk)
    connections = Connection.objects.in_bulk({connection for connection, _code in ids})
    return [_Pile(connections[key], code, tuple(some)) for (key, code), some in ids.items()]


def _codes(problems: Sequence[Mapping[str, str]]) -> list[str]:
    found = dict.fromkeys(str(each.get("reason")) for each in problems)
    return [code for code in found if code not in IGNORED and code != CONFLICT]


def tell_unreadable(connection: Connection, receipt: Receipt, *, at: datetime) -> None:
    """
    Raise the exceptions about what could not be read of a webhook, once it is stored.

    A failure here never fails the answer: the sweep of failures finds what is missing.
    """
    codes = {each.reason for each in receipt.outcomes if each.became == "poison"}
    piles = [_Pile(connection, code, (receipt.inbound_id,)) for code in sorted(codes)]
    try:
        with transaction.atomic():
            settled = Inbound.objects.filter(pk=receipt.inbound_id, settled_at__isnull=False)
            if not settled.exists():
                raise_exceptions([pile.finding() for pile in piles], at=at)
    except DatabaseError as error:
        log.error("unreadable_not_told", connection=connection.slug, error=type(error).__name__)  # noqa: TRY400  # a traceback could hold the body


def _all_unreadable(at: datetime) -> Sequence[ExceptionFinding]:
    return [pile.finding() for pile in _piles()]


def _behind(cases: Sequence[ExceptionCase], at: datetime) -> Mapping[int, Failure]:
    mine = {case.pk: _key(case) for case in cases if case.reason == Reason.UNREADABLE}
    if not mine:
        return {}
    piles = _piles({slug for slug, _code in mine.values()})
    waiting = {(pile.connection.slug, pile.code) for pile in piles}
    retry = Failure(
        _(
            "Fix the sender or its settings first. Resolving the exception reads these webhooks "
            "again. Those that still cannot be read stay in the list."
        ),
        retried=True,
    )
    return {case: retry for case, key in mine.items() if key in waiting}


def _key(case: ExceptionCase) -> tuple[str, str]:
    return str(case.evidence.get("connection", "")), str(case.evidence.get("code", ""))


failures(behind=_behind, everywhere=_all_unreadable)


@react(resolve)
def read_all_again(cases: Sequence[ExceptionCase], by: Actor, at: datetime) -> None:
    """Read the webhooks behind resolved exceptions again."""
    wanted = {_key(case) for case in cases if case.reason == Reason.UNREADABLE}
    if not wanted:
        return
    ids: set[int] = set()
    for pile in _piles({slug for slug, _code in wanted}):
        if (pile.connection.slug, pile.code) in wanted:
            ids.update(pile.ids)
    read_webhooks_again(sorted(ids), at=at)


def read_webhooks_again(ids: Sequence[int], *, at: datetime) -> int:
    """Read these webhooks again, and return how many events are new."""
    captured = 0
    with transaction.atomic():
        rows = Inbound.objects.select_for_update(of=("self",)).filter(pk__in=ids).order_by("pk")
        for row in rows.select_related("connection__service_user"):
            adapter = adapter_of(row.connection.kind)
            if adapter is not None:
                captured += read_again(row, adapter, at=at)
        if captured:
            transaction.on_commit(partial(doorbell.process.ring))
    return captured

"""
Alarms on patterns of security events. A named person is told: the agency's security contact.

The alarm is an exception like any other, so it has an owner, a timebox and an escalation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from routing.cover.agency import Agency
from routing.kernel.reasons import Reason
from routing.people.security import SecurityEvent, digest_of, record_security
from routing.runs.operations.raising import ExceptionFinding, raise_exception
from routing.runs.owners import Place
from routing.work.gates import Words
from routing.work.registry import eraser

Kind = SecurityEvent.Kind
FAILURES = (Kind.SIGN_IN_FAILED, Kind.CODE_REFUSED, Kind.FACTOR_REFUSED, Kind.LOCKED_OUT)
AGAIN_AFTER = timedelta(hours=1)
ACCOUNT, ADDRESS = "account", "address"


@dataclass(frozen=True, slots=True)
class SecurityPattern:
    """
    ``most`` events of ``counted`` kinds with one account or one address within ``within``.

    An event of one of the kinds ``on`` completes it; by default one of those that are counted.
    """

    code: str
    label: Words
    subject: str
    counted: tuple[str, ...]
    most: int
    within: timedelta
    on: tuple[str, ...] = ()


PATTERNS = (
    SecurityPattern(
        "guessing_account",
        _("Many failed attempts to sign in to one account"),
        ACCOUNT,
        FAILURES,
        10,
        timedelta(minutes=15),
    ),
    SecurityPattern(
        "guessing_address",
        _("Many failed attempts to sign in from one address"),
        ADDRESS,
        FAILURES,
        30,
        timedelta(minutes=15),
    ),
    SecurityPattern(
        "success_after_guessing",
        _("Signed in after many failed attempts"),
        ACCOUNT,
        FAILURES,
        5,
        timedelta(minutes=15),
        on=(Kind.SIGNED_IN,),
    ),
    SecurityPattern(
        "factor_after_reset",
        _("Second factor changed soon after the password was set by a link"),
        ACCOUNT,
        (Kind.PASSWORD_RESET,),
        1,
        timedelta(hours=24),
        on=(Kind.FACTOR_ADDED, Kind.FACTOR_REMOVED),
    ),
    SecurityPattern(
        "many_codes",
        _("Many sign-in codes or password links requested from one address"),
        ADDRESS,
        (Kind.CODE_SENT, Kind.RESET_SENT),
        20,
        timedelta(hours=1),
    ),
    SecurityPattern(
        "many_tokens",
        _("Many wrong tokens or signatures from one address"),
        ADDRESS,
        (Kind.TOKEN_REFUSED,),
        20,
        timedelta(hours=1),
    ),
)


def watch(event: SecurityEvent) -> None:
    """Raise an alarm for each pattern that this event completes, once an hour for one subject."""
    for pattern in PATTERNS:
        same = _same(pattern, event)
        if event.kind not in (pattern.on or pattern.counted) or same is None:
            continue
        found = same.filter(kind__in=pattern.counted, at__gt=event.at - pattern.within)
        if found.order_by()[: pattern.most].count() >= pattern.most and not _known(pattern, same):
            _alarm(pattern, event)


def _same(pattern: SecurityPattern, event: SecurityEvent) -> QuerySet[SecurityEvent] | None:
    """Return the events with the same account or address, or None if this one has none."""
    if pattern.subject == ADDRESS:
        about = Q(address=event.address) if event.address else None
    elif event.user_id:
        about = Q(user=event.user_id)
    else:
        about = Q(typed=event.typed) if event.typed else None
    return SecurityEvent.objects.filter(about, at__lte=event.at) if about else None


def _known(pattern: SecurityPattern, same: QuerySet[SecurityEvent]) -> bool:
    newest = same.filter(kind=Kind.ALARM, detail=pattern.code).order_by("-id").first()
    return newest is not None and newest.at > same.latest("at").at - AGAIN_AFTER


def _alarm(pattern: SecurityPattern, event: SecurityEvent) -> None:
    made = record_security(
        Kind.ALARM,
        at=event.at,
        user=event.user,
        address=event.address,
        typed=event.typed,
        detail=pattern.code,
    )
    if made is None:
        return
    # The account and the address stay in the list of events, which fewer people may see.
    evidence = {"message": str(pattern.label), "pattern": pattern.code, "alarm": made.pk}
    finding = ExceptionFinding(
        Reason.SECURITY_ALARM, evidence, about=str(_("signing in")), first=security_contact()
    )
    raise_exception(finding, at=event.at)


@eraser
def forget_addresses(contact_id: int, email: str, at: datetime) -> None:
    """Empty what in security events could lead to an erased person."""
    theirs = Q(user__contact=contact_id)
    if email:
        theirs |= Q(typed=digest_of(email))
    SecurityEvent.objects.filter(theirs).update(address=None, typed="")


def security_contact() -> Sequence[Place]:
    """Return the place of the person who is told of alarms, or none if nobody is named."""
    agency = Agency.objects.first()
    owner = agency.security_owner_id if agency else None
    return [Place.of(_("Security contact"), owner)] if owner else []

"""The checks of a brief: its facts, budget, dates, links and contact, and briefs like it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from math import ceil
from typing import Any

from django.utils.formats import date_format, number_format
from django.utils.translation import gettext_lazy as _

from delivery.briefs.plan import Planned
from delivery.checks.kinds.base import CheckKind, Finding, Param, ParamType, or_passed, quote, said
from delivery.checks.kinds.checked_brief import CheckedBrief
from delivery.checks.kinds.links import address_problems

_CURRENCY = re.compile(r"[A-Z]{3}")  # ISO 4217
# Longer schemes than these are none; without a bound, a long word would be read from each letter.
_ADDRESS = re.compile(r"(?:[a-z][a-z0-9+.-]{0,30}://|www\.|mailto:)[^\s<>\"“”]+", re.IGNORECASE)
_AFTER_ADDRESS = ".,;:!?'*_…»)]}"  # what ends a sentence or a bracket around an address
# Further ahead than any plan. Holidays of so many years need not be worked out.
_FAR = timedelta(days=3 * 366)


def facts(brief: CheckedBrief, params: Mapping[str, Any]) -> list[Finding]:
    findings = [
        Finding(False, _("A required fact is unknown. Enter it in the run of the brief."), label)
        for label in brief.unknown
    ]
    return or_passed(findings, _("All required facts are known."))


def budget(brief: CheckedBrief, params: Mapping[str, Any]) -> list[Finding]:
    return or_passed(
        list(_budget_faults(brief, params)), _("The budget has a currency and is not negative.")
    )


def _budget_faults(brief: CheckedBrief, params: Mapping[str, Any]) -> Iterator[Finding]:
    if brief.plan_fault:
        yield Finding(False, _("The plan cannot be read. Edit it."), quote(brief.plan_fault))
    for each in brief.plan:
        if each.amount < 0 or each.hours < 0:
            yield Finding(False, _("Amounts and hours must be 0 or more."), place=quote(each.title))
    sold = brief.sold
    if sold is None:
        if params["engagement_needed"]:
            yield Finding(False, _("The brief is not charged to an engagement."))
        return
    planned = sum((each.amount for each in brief.plan), Decimal(0))
    if sold.amount is not None and sold.amount < 0:
        yield Finding(False, _("The amount of the engagement must be 0 or more."), str(sold.amount))
    if not sold.currency and (planned or sold.amount is not None):
        yield Finding(False, _("The engagement has an amount but no currency. Enter it there."))
    elif sold.currency and not _CURRENCY.fullmatch(sold.currency):
        yield Finding(
            False,
            _("The currency of the engagement must be a code such as EUR. Correct it there."),
            quote(sold.currency),
        )


def dates(brief: CheckedBrief, params: Mapping[str, Any]) -> list[Finding]:
    findings = [
        *_past(brief.launch, brief.today, _("launch or due date")),
        *_past(brief.wanted, brief.today, _("when the client needs it")),
    ]
    for each in brief.plan:
        if each.due is not None and each.key not in brief.ended:
            findings += _planned_faults(each, each.due, brief)
    return or_passed(findings, _("All dates can be kept."))


def _past(day: date | None, today: date, place: Any) -> Iterator[Finding]:
    if day is not None and day < today:
        yield Finding(False, _("The date is in the past. Choose a later one."), _day(day), place)


def _planned_faults(each: Planned, due: date, brief: CheckedBrief) -> Iterator[Finding]:
    if due < brief.today:
        yield from _past(due, brief.today, quote(each.title))
        return
    # How much of work in the making is left to do is not known here.
    if each.key in brief.started or due - brief.today > _FAR:
        return
    needed = 1
    if brief.hours_a_day:
        needed = max(1, ceil(each.hours / brief.hours_a_day))
    free = _working_days(brief, due, needed)
    if free >= needed:
        return
    message = said(
        _(
            "The work cannot be done by then: {hours} h take {needed} working days, and there are "
            "{free}. Choose a later date or plan less."
        ),
        hours=number_format(each.hours.normalize()),
        needed=needed,
        free=free,
    )
    evidence = quote(f"{_day(due)}, {brief.days.label}" if brief.days.label else _day(due))
    yield Finding(False, message, evidence, quote(each.title))


def _working_days(brief: CheckedBrief, due: date, enough: int) -> int:
    """Count the working days from today until a day, both included, up to what is enough."""
    day, found = brief.today, 0
    while day <= due and found < enough:
        found += brief.days.is_working(day)
        day += timedelta(days=1)
    return found


def _day(day: date) -> str:
    return date_format(day, "D j M Y")


def links(brief: CheckedBrief, params: Mapping[str, Any]) -> list[Finding]:
    findings: list[Finding] = []
    for address in dict.fromkeys(_addresses(brief.body)):
        findings += [
            Finding(False, problem, quote(address), _("text"))
            for problem in address_problems(
                address, allow_http=params["allow_http"], allow_relative=False
            )
        ]
    return or_passed(findings, _("All links in the text have valid addresses."))


def _addresses(text: str) -> Iterator[str]:
    for found in _ADDRESS.findall(text):
        address = found.rstrip(_AFTER_ADDRESS)
        # People write addresses without a scheme, and everything that shows them adds it.
        yield f"https://{address}" if address[:4].casefold() == "www." else address


def contact(brief: CheckedBrief, params: Mapping[str, Any]) -> list[Finding]:
    if not brief.has_client:
        return [Finding(True, _("The work is for no client."))]
    if brief.has_requester:
        return [Finding(True, _("The request names a contact."))]
    if params["requester_needed"]:
        return [Finding(False, _("The request names no contact. Edit the request to choose one."))]
    if not brief.contacts:
        words = _("The client has no contact. Add one, or choose the requester of the request.")
        return [Finding(False, words)]
    return [Finding(True, _("The client has a contact."))]


def duplicates(brief: CheckedBrief, params: Mapping[str, Any]) -> list[Finding]:
    findings = [
        Finding(
            False,
            _("Another open brief of this client has the same title. Cancel one or rename it."),
            ref,
        )
        for ref in brief.same
    ]
    return or_passed(findings, _("No other open brief of this client has this title."))


KINDS = (
    CheckKind(
        "brief_facts",
        _("Required facts of a brief"),
        _("All facts that the flow requires must be known."),
        judge_brief=facts,
    ),
    CheckKind(
        "brief_budget",
        _("Budget of a brief"),
        _("The budget must have a currency, and no amount may be negative."),
        (
            Param(
                "engagement_needed",
                _("Must be charged to an engagement"),
                ParamType.BOOLEAN,
                False,
            ),
        ),
        judge_brief=budget,
    ),
    CheckKind(
        "brief_dates",
        _("Dates of a brief"),
        _(
            "No date may be in the past, and the working days of the client until a due date must "
            "be enough for the planned hours."
        ),
        judge_brief=dates,
    ),
    CheckKind(
        "brief_links",
        _("Links of a brief"),
        _("Links in the text must have valid addresses. Nothing is fetched."),
        (Param("allow_http", _("Allow http"), ParamType.BOOLEAN, True),),
        judge_brief=links,
    ),
    CheckKind(
        "brief_contact",
        _("Contact of a brief"),
        _("Somebody at the client must be known who can be asked."),
        (
            Param(
                "requester_needed",
                _("The request must name a contact"),
                ParamType.BOOLEAN,
                False,
            ),
        ),
        judge_brief=contact,
    ),
    CheckKind(
        "brief_duplicates",
        _("Duplicates of a brief"),
        _("No other open brief of the client may have the same title."),
        judge_brief=duplicates,
    ),
)

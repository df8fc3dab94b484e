"""Findings of the checks of a brief, and briefs that they leave alone."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from delivery.briefs.plan import Planned
from delivery.checks.kinds.base import CheckRule, Finding
from delivery.checks.kinds.catalogue import (
    BRIEF_DEFAULTS,
    BRIEF_KINDS,
    KINDS,
    check,
    find_kind,
    run_on_brief,
)
from delivery.checks.kinds.checked_brief import CheckedBrief, SoldBudget
from routing.sla.working_days import WorkingDays, is_weekday

MONDAY = date(2026, 11, 23)
EUR = SoldBudget(Decimal(1000), "EUR")


def brief(**fields: Any) -> CheckedBrief:
    known: dict[str, Any] = {
        "today": MONDAY,
        "days": WorkingDays("Office", is_weekday),
        "hours_a_day": Decimal(8),
        "has_requester": True,
    }
    return CheckedBrief(**known | fields)


def page(**fields: Any) -> Planned:
    return Planned(**{"key": "a", "title": "Landing page", "format": "page"} | fields)


def failures(kind: str, checked: CheckedBrief, /, **params: Any) -> list[Finding]:
    findings = run_on_brief(CheckRule(kind, params), checked)
    assert findings
    return [finding for finding in findings if not finding.passed]


def test_every_kind_of_brief_says_what_a_form_needs_and_passes_a_good_brief() -> None:
    assert not set(BRIEF_KINDS) & set(KINDS)
    for kind in BRIEF_KINDS.values():
        check(CheckRule(kind.name))
        assert find_kind(kind.name) is kind
        assert str(kind.label)
        assert str(kind.description)
    for rule in BRIEF_DEFAULTS:
        assert not failures(rule.kind, brief(sold=EUR, plan=(page(due=date(2026, 12, 1)),)))


def test_a_rule_that_cannot_be_judged_fails_instead_of_raising() -> None:
    [unknown] = failures("spelling", brief())
    [version] = failures("slug_form", brief())
    [bad] = failures("brief_links", brief(), allow_http="yes")

    assert "no check of kind" in str(unknown.message)
    assert "no check of kind" in str(version.message)
    assert "is not true or false" in str(bad.message)


def test_unknown_required_facts_are_named() -> None:
    found = failures("brief_facts", brief(unknown=("Amount", "Ends")))

    assert [finding.evidence for finding in found] == ["Amount", "Ends"]


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"sold": SoldBudget(Decimal(1000), "")}, "no currency"),
        ({"sold": SoldBudget(None, ""), "plan": (page(amount=Decimal(5)),)}, "no currency"),
        ({"sold": SoldBudget(Decimal(1000), "euro")}, "must be a code such as EUR"),
        ({"sold": SoldBudget(Decimal(-1), "EUR")}, "must be 0 or more"),
        ({"plan": (page(hours=Decimal(-1)),)}, "must be 0 or more"),
        ({"plan_fault": "Deliverable 1: choose a type."}, "cannot be read"),
    ],
)
def test_a_budget_without_currency_or_below_zero_fails(fields: dict[str, Any], says: str) -> None:
    [finding] = failures("brief_budget", brief(**fields))

    assert says in str(finding.message)


@pytest.mark.parametrize("sold", [EUR, SoldBudget(None, ""), None])
def test_a_budget_that_says_nothing_wrong_passes(sold: SoldBudget | None) -> None:
    assert not failures("brief_budget", brief(sold=sold))


def test_a_brief_must_be_charged_to_an_engagement_only_where_the_check_says_so() -> None:
    assert failures("brief_budget", brief(), engagement_needed=True)
    assert not failures("brief_budget", brief(sold=EUR), engagement_needed=True)


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"launch": date(2026, 11, 22)}, "launch or due date"),
        ({"wanted": date(2026, 11, 22)}, "when the client needs it"),
        ({"plan": (page(due=date(2026, 11, 20)),)}, "Landing page"),
    ],
)
def test_a_date_in_the_past_fails(fields: dict[str, Any], place: str) -> None:
    [finding] = failures("brief_dates", brief(**fields))

    assert "in the past" in str(finding.message)
    assert str(finding.place) == place


@pytest.mark.parametrize(
    ("hours", "due", "fails"),
    [
        ("0", date(2026, 11, 23), False),  # today is a working day
        ("8", date(2026, 11, 23), False),
        ("8.5", date(2026, 11, 23), True),
        ("16", date(2026, 11, 24), False),
        ("40", date(2026, 11, 27), False),
        ("41", date(2026, 11, 29), True),  # the weekend adds nothing
        ("41", date(2026, 11, 30), False),
    ],
)
def test_a_due_date_before_the_work_can_be_done_fails(hours: str, due: date, fails: bool) -> None:
    found = failures("brief_dates", brief(plan=(page(hours=Decimal(hours), due=due),)))

    assert bool(found) is fails
    if found:
        assert "cannot be done by then" in str(found[0].message)
        assert "Office" in found[0].evidence


def test_days_off_of_the_calendar_do_not_count() -> None:
    closed = WorkingDays("Office", lambda day: is_weekday(day) and day != date(2026, 11, 24))
    plan = (page(hours=Decimal(16), due=date(2026, 11, 24)),)

    assert failures("brief_dates", brief(days=closed, plan=plan))
    assert not failures("brief_dates", brief(plan=plan))


def test_work_that_is_finished_or_begun_is_not_asked_for_time_again() -> None:
    late = (page(hours=Decimal(80), due=date(2026, 11, 20)),)
    soon = (page(hours=Decimal(80), due=date(2026, 11, 24)),)

    started = frozenset({"a"})
    assert not failures("brief_dates", brief(plan=late, started=started, ended=started))
    assert failures("brief_dates", brief(plan=late, started=started))
    assert not failures("brief_dates", brief(plan=soon, started=started))


@pytest.mark.parametrize(
    "text",
    [
        "See https://acme.test/brief.",
        "See (http://acme.test/a_b?c=d), www.acme.test and mailto:carla@acme.test!",
        "A budget of 1:2 and a path /like/this are no links.",
        "",
    ],
)
def test_well_formed_links_pass(text: str) -> None:
    assert not failures("brief_links", brief(body=text))


@pytest.mark.parametrize(
    "address",
    ["https://acme", "https://user:pw@acme.test/", "https://acme.test:0/", "ftp://acme.test/x"],
)
def test_links_that_lead_nowhere_fail_once_each(address: str) -> None:
    [finding] = failures("brief_links", brief(body=f"See {address} and again {address}."))

    assert address.rstrip("/") in finding.evidence


def test_http_fails_where_the_check_says_so() -> None:
    assert failures("brief_links", brief(body="http://acme.test/"), allow_http=False)


@pytest.mark.parametrize(
    ("fields", "params", "fails"),
    [
        ({"has_requester": False, "contacts": 0}, {}, True),
        ({"has_requester": False, "contacts": 1}, {}, False),
        ({"has_requester": False, "contacts": 1}, {"requester_needed": True}, True),
        ({"has_requester": False, "has_client": False}, {"requester_needed": True}, False),
        ({"has_requester": True, "contacts": 0}, {"requester_needed": True}, False),
    ],
)
def test_somebody_at_the_client_must_be_known(
    fields: dict[str, Any], params: dict[str, Any], fails: bool
) -> None:
    assert bool(failures("brief_contact", brief(**fields), **params)) is fails


def test_a_twin_is_named_by_its_reference() -> None:
    [finding] = failures("brief_duplicates", brief(same=("ACM-12",)))

    assert finding.evidence == "ACM-12"

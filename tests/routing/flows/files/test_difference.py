"""The difference of two versions is whole, and each change has its class."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from delivery.checks.version_checks import VersionCheckShape
from routing.flows.change_classes import ChangeClass
from routing.flows.files.difference import content_digest, differences, highest
from routing.flows.files.shape import ActionShape, FlowShape
from routing.flows.files.text import read_flow_file
from routing.flows.files.words import change_words
from routing.flows.recurrences import RecurrenceShape
from routing.kernel.reasons import Reason
from routing.models import Flow
from routing.runs.proofs import VersionProof, VersionProofShape
from routing.runs.version_routes import VersionRouteShape
from tests.routing.flows.files.test_text import MINIMAL

FULL = (
    MINIMAL
    + """\
  - name: Rest
    team: Borealis
fields:
  - name: deal.amount
    label: Amount
    type: number
  - name: contact.name
    label: Contact
    type: text
    personal: true
approval_stages:
  - audience: client
"""
)


def content(text: str = FULL) -> FlowShape:
    return read_flow_file(text.encode()).content


@pytest.mark.django_db  # connections name the properties that they read
@pytest.mark.parametrize(
    ("was", "now", "path", "kind"),
    [
        ("name: Small", "name: Big", "name", ChangeClass.WORDING),
        ("title: Work", "title: Job", "title", ChangeClass.WORDING),
        ("label: Amount", "label: Sum", "fields[deal.amount].label", ChangeClass.WORDING),
        ("owner: olga", "owner: otto", "owner", ChangeClass.ROUTING),
        ("team: Atlas", "team: Apollo", "rules[Everything].team", ChangeClass.ROUTING),
        ("- kind: form.submitted", "- kind: x.y", "triggers[x.y]", ChangeClass.ROUTING),
        (
            "- kind: form.submitted",
            "- {kind: form.submitted, field: Budget, at_least: 5}",
            "triggers[form.submitted Budget at_least 5]",
            ChangeClass.ROUTING,
        ),
        (
            "- kind: form.submitted",
            "- {kind: hubspot.deal.propertyChange, field: amount, changed_by_more: 5}",
            "triggers[hubspot.deal.propertyChange amount changed_by_more 5]",
            ChangeClass.MONEY,
        ),
        (
            "- kind: form.submitted",
            "- {kind: hubspot.contact.propertyChange, field: email, changed_to: a@b.c}",
            "triggers[hubspot.contact.propertyChange email changed_to a@b.c]",
            ChangeClass.PRIVACY,
        ),
        (
            "team: Atlas\n",
            "team: Atlas\n    priority: high\n",
            "rules[Everything].priority",
            ChangeClass.CLIENT_SLA,
        ),
        (
            "team: Atlas\n",
            "team: Atlas\n    when: [[{field: deal.amount, is: below, value: '5'}]]\n",
            "rules[Everything].when",
            ChangeClass.MONEY,
        ),
        ("type: number", "type: text", "fields[deal.amount].type", ChangeClass.MONEY),
        ("    personal: true\n", "", "fields[contact.name].personal", ChangeClass.PRIVACY),
        ("audience: client", "audience: internal", "approval_stages", ChangeClass.APPROVAL),
        (
            "delivery.open_request",
            "delivery.ask",
            "actions[delivery.ask]",
            ChangeClass.OUTSIDE_EFFECT,
        ),
        (
            "action: delivery.open_request",
            "actions:\n- do: delivery.open_request\n- do: routing.notify\n  with: {to: owner}",
            "actions[routing.notify]",
            ChangeClass.ROUTING,
        ),
        ("sla_policy: standard", "sla_policy: gold", "sla_policy", ChangeClass.CLIENT_SLA),
    ],
)
def test_a_change_has_its_path_and_its_class(
    was: str, now: str, path: str, kind: ChangeClass
) -> None:
    assert was in FULL

    changes = differences(content(), content(FULL.replace(was, now, 1)))

    assert (path, kind) in [(each.path, each.change_class) for each in changes]
    assert highest(changes) == kind


def test_what_was_agreed_to_before_files_had_more_keys_is_still_the_same() -> None:
    """A request to a second person names the digest, and new keys that are empty leave it alone."""
    before = "1542de22d513ff48556fbc606c354761102f5710d071df63f2dcd830e4a46001"

    assert content_digest(content()) == before


def test_what_is_equal_has_no_changes() -> None:
    assert differences(content(), content()) == []
    assert highest([]) is None


def test_another_order_of_rules_is_a_change() -> None:
    one = "  - name: Everything\n    team: Atlas\n"
    other = "  - name: Rest\n    team: Borealis\n"

    [change] = differences(content(), content(FULL.replace(one + other, other + one)))

    assert change.path == "rules.order"
    assert change.now == ["Rest", "Everything"]


def test_two_equal_triggers_are_both_compared() -> None:
    twice = FULL.replace("  - kind: form.submitted\n", "  - kind: form.submitted\n" * 2)

    [change] = differences(content(), content(twice))

    assert change.was is None
    assert change.path == "triggers[form.submitted (2)]"


def test_every_key_of_a_file_is_compared() -> None:
    """A key that the format gains is in the difference without being named anywhere."""
    old = content()
    other: dict[str, Any] = {"approval_stages": (), "fields": (), "rules": (), "triggers": ()}
    other |= {"recurrences": ()}
    other |= dict.fromkeys(
        ("criteria", "may_change", "must_hold", "stay_stable"), ("something else",)
    )
    other |= {"actions": (ActionShape(do="routing.notify"),)}
    day = date(2027, 3, 31)
    weekly = {"name": "Weekly", "every": "week", "at": "09:00", "zone": "UTC", "start": day}
    other |= {"recurrences": (RecurrenceShape.model_validate(weekly),)}
    other |= dict.fromkeys(("last_review", "next_review"), date(2027, 3, 31))
    other |= {"criticality": Flow.Criticality.MAY_PAUSE, "touches": (Flow.Touches.BILLING,)}
    other |= {"leads_may_edit": True}
    other |= {"proofs": (VersionProofShape(kind=VersionProof.Kind.SLA_MET),)}
    other |= {"exception_routes": (VersionRouteShape(reason=Reason.NO_RULE),)}
    other |= {"checks": (VersionCheckShape(name="Brand"),)}
    for name in type(old).model_fields:
        if name == "format":
            continue
        new = old.model_copy(update={name: other.get(name, "something else")})
        assert differences(old, new), name


def test_conditions_name_facts_by_their_labels() -> None:
    condition = "    when: [[{field: deal.amount, is: below, value: '5'}]]\n"
    changed = FULL.replace("team: Borealis\n", f"team: Borealis\n{condition}", 1)
    labels = {"deal.amount": "Amount"}

    found = list(differences(content(), content(changed)))
    [change] = [each for each in found if each.path.endswith(".when")]
    assert change_words(change, labels).now == "Amount is below 5"
    assert change_words(change).now == "deal.amount is below 5"
    # A whole rule says it the same way.
    [rule, *_others] = differences(content(FULL.replace("Rest", "Other")), content(changed))
    whole = [change_words(each, labels) for each in (rule, *_others)]
    assert any("conditions: Amount is below 5" in each.now for each in whole)

"""Faults of a draft, for which it would not work if it were published."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _

from routing.flows.actions import MOST_ACTIONS, action_faults, texts_of
from routing.flows.conditions import BadClause, Clause, check
from routing.flows.models import FlowVersion
from routing.flows.recurrence_faults import faults_of_recurrences
from routing.flows.rules import Condition
from routing.flows.template import placeholders
from routing.flows.trigger_words import trigger_words
from routing.flows.triggers import trigger_fault
from routing.flows.versions import Plan, read
from routing.sla.policies import SLAPolicy
from routing.work.display import exact


class NotPublishable(ValueError):
    """The draft would not work. ``faults`` lists everything that is wrong with it."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__(" ".join(faults))
        self.faults = faults


def faults(version: FlowVersion) -> list[str]:
    """Return everything that is wrong with a draft, in words for the person who wrote it."""
    plan = read(version)
    said = (
        (version.published_at is not None, _published(version)),
        (not _is_started(version), _("The version has no trigger. Add one.")),
        (
            not plan.rules or bool(plan.rules[-1].clauses),
            _("The last rule must have no conditions, so that every event reaches a team."),
        ),
        (not plan.actions, _("The version has no action. Add one.")),
        (
            len(plan.actions) > MOST_ACTIONS,
            _("The version has more than %(most)s actions. Delete some.") % {"most": MOST_ACTIONS},
        ),
        (
            not SLAPolicy.objects.filter(slug=version.policy).exists(),
            _("There is no SLA policy “%(slug)s”.") % {"slug": version.policy},
        ),
    )
    return (
        [words for wrong, words in said if wrong]
        + _faults_of_triggers(version)
        + [each.message for each in action_faults(version)]
        + _faults_of_texts(version, plan)
        + _faults_of_rules(version, plan)
        + faults_of_recurrences(version)
    )


def _is_started(version: FlowVersion) -> bool:
    return version.triggers.exists() or version.recurrences.exists()


def _published(version: FlowVersion) -> str:
    """Return who published a version and when, for somebody who comes too late."""
    if version.published_at is None:
        return ""
    words = _("%(who)s already published this version on %(when)s. Copy it.")
    return words % {"who": version.published_by, "when": exact(version.published_at)}


def _faults_of_triggers(version: FlowVersion) -> list[str]:
    found = []
    for trigger in version.triggers.order_by("pk"):
        if fault := trigger_fault(trigger):
            words = _("The trigger “%(trigger)s” never matches. %(fault)s")
            found.append(words % {"trigger": trigger_words(trigger), "fault": fault})
    return found


def _faults_of_texts(version: FlowVersion, plan: Plan) -> list[str]:
    """Return the problems with fields in the title, the brief and the actions."""
    # History keeps titles and briefs and is never rewritten, so they may not name a person:
    # docs/decisions/0006.
    texts = (version.title, version.template, *texts_of(version))
    named = set[str]().union(*(placeholders(text) for text in texts))
    known, usable = {spec.name for spec in plan.fields}, {spec.name for spec in plan.rule_fields}
    said = (
        (named - known, _("Unknown fields in braces: %(names)s.")),
        (
            named & known - usable,
            _("Titles, briefs and actions cannot contain personal fields. Remove %(names)s."),
        ),
    )
    return [words % {"names": ", ".join(sorted(names))} for names, words in said if names]


def _faults_of_rules(version: FlowVersion, plan: Plan) -> list[str]:
    usable = {spec.name for spec in plan.rule_fields}
    used = Condition.objects.filter(rule__version=version).values_list("field", flat=True)
    found = [
        _("A rule uses %(name)s, which is personal or is not a field of this version.")
        % {"name": name}
        for name in sorted(set(used) - usable)
    ]
    for rule in plan.rules:
        found += _faults_of_clauses(rule.clauses)
    return found


def _faults_of_clauses(clauses: Sequence[Clause]) -> list[str]:
    found = []
    for clause in clauses:
        try:
            check(clause)
        except BadClause as error:
            found.append(str(error))
    return found

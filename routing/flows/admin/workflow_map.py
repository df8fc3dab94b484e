"""The workflow map of a flow: its stops from the trigger to the review, drawn from the rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from routing.desk.addresses import page_of
from routing.flows.actions import action_words, actions_of, changes_of
from routing.flows.files.words import row_words
from routing.flows.models import Flow, FlowVersion
from routing.flows.operator_words import OPERATORS
from routing.flows.recurrence_words import recurrence_words
from routing.flows.registry import version_rows
from routing.flows.rules import Rule
from routing.flows.trigger_words import trigger_words
from routing.runs.exceptions import ExceptionRoute


@dataclass(frozen=True, slots=True)
class MapStop:
    """One stop of the map, with a line for each row behind it."""

    title: str
    lines: tuple[str, ...]
    url: str = ""


def map_of(flow: Flow, version: FlowVersion) -> list[MapStop]:
    """Return the stops in the order in which work passes them."""
    page = page_of(version)
    return [
        MapStop(_("Trigger"), tuple(_triggers(version)), f"{page}#triggers-group"),
        MapStop(_("Context"), tuple(_context(version)), f"{page}#fields-group"),
        MapStop(_("Rules"), tuple(_rules(version)), f"{page}#rules-group"),
        MapStop(_("Owner"), tuple(_people(flow))),
        MapStop(_("Actions"), tuple(_actions(version)), f"{page}#actions-group"),
        MapStop(_("Checkpoints"), tuple(_checkpoints(version)), page),
        MapStop(_("Exceptions"), tuple(_exceptions(version)), _routing()),
        MapStop(_("Outcome"), tuple(_outcome(flow, version))),
        MapStop(_("Review"), tuple(_review(flow))),
    ]


def _triggers(version: FlowVersion) -> Iterator[str]:
    for row in version.triggers.order_by("pk"):
        yield trigger_words(row)
    for recurrence in version.recurrences.all():
        yield recurrence_words(recurrence)


def _context(version: FlowVersion) -> Iterator[str]:
    rows = list(version.fields.all())
    for required, words in ((True, _("Needs: %(names)s")), (False, _("Also reads: %(names)s"))):
        names = [row.label for row in rows if row.required is required]
        if names:
            yield words % {"names": ", ".join(names)}


def _rules(version: FlowVersion) -> Iterator[str]:
    labels = dict(version.fields.values_list("name", "label"))
    for rule in version.rules.select_related("team").prefetch_related("conditions"):
        words = _("%(name)s: %(when)s → %(team)s, %(priority)s")
        yield words % {
            "name": rule.name,
            "when": when_of(rule, labels),
            "team": rule.team,
            "priority": rule.get_priority_display(),
        }


def when_of(rule: Rule, labels: Mapping[str, str]) -> str:
    """
    Return in words when a rule matches.

    :param labels: of the fields, by their names
    """
    groups: dict[int, list[str]] = {}
    for row in rule.conditions.all():
        value = ", ".join(map(str, row.value)) if isinstance(row.value, list) else row.value
        shown = "" if value is None else f" {value}"
        said = (
            f"{labels.get(row.field, row.field)} {OPERATORS.get(row.operator, row.operator)}{shown}"
        )
        groups.setdefault(row.group, []).append(said)
    return _(", or ").join(_(" and ").join(each) for each in groups.values()) or _("always")


def _actions(version: FlowVersion) -> Iterator[str]:
    for place, spec in enumerate(actions_of(version), start=1):
        yield _("%(place)s. %(action)s") % {"place": place, "action": action_words(spec)}
    yield _("May change: %(what)s") % {"what": "; ".join(changes_of(version))}


def _people(flow: Flow) -> Iterator[str]:
    words = _("Policy: %(owner)s, backup %(backup)s")
    yield words % {"owner": flow.owner, "backup": flow.backup}
    yield _("Work: chosen by the rules, in the team of the one that matches")


def _checkpoints(version: FlowVersion) -> Iterator[str]:
    found = False
    for rows in version_rows():
        if not rows.checkpoint:
            continue
        for row in rows.read(version):
            found = True
            yield row_words(rows.name, row.model_dump(mode="json"))
    if not found:
        yield _("The agency approves, then the client")
    yield _("Publishing a change: %(who)s") % {"who": _second(version.flow)}


def _second(flow: Flow) -> str:
    if flow.touches:
        touched = ", ".join(str(Flow.Touches(each).label) for each in flow.touches)
        return _("two people, because it touches %(what)s") % {"what": touched}
    return _("two people, unless it is wording or routing alone")


def _exceptions(version: FlowVersion) -> Iterator[str]:
    for own in version.exception_routes.all():
        yield str(own)
    takers: dict[str, int] = {}
    for row in ExceptionRoute.objects.all():
        name = str(ExceptionRoute.Taker(row.taker).label)
        takers[name] = takers.get(name, 0) + 1
    for name, count in takers.items():
        yield _("%(count)s reasons go to: %(who)s") % {"count": count, "who": name}


def _routing() -> str:
    return reverse("admin:routing_exceptionroute_changelist")


def _outcome(flow: Flow, version: FlowVersion) -> Iterator[str]:
    yield flow.outcome
    if flow.outcome_owner:
        yield _("Answers for it: %(who)s") % {"who": flow.outcome_owner}
    if flow.metric:
        yield _("Metric: %(metric)s") % {"metric": flow.metric}
    for each in version.criteria:
        yield _("Success: %(criterion)s") % {"criterion": each}


def _review(flow: Flow) -> Iterator[str]:
    days: Sequence[tuple[Any, str]] = (
        (flow.last_review, _("Last: %(day)s")),
        (flow.next_review, _("Next: %(day)s")),
    )
    for day, words in days:
        if day:
            yield words % {"day": date_format(day, "D j M Y")}
    if not (flow.last_review or flow.next_review):
        yield _("No review is planned.")

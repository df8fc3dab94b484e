"""Which rule decided, in which version, and who was considered."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from routing.flows.versions import published
from routing.people.staff import Team
from routing.runs.choice_words import (
    CandidateWords,
    candidate_words,
    named_words,
    rule_lines,
)
from routing.runs.decisions import Decision
from routing.runs.exceptions import ExceptionCase, ExceptionRoute
from routing.runs.questions.asked import AskedWork
from routing.runs.questions.registry import Statement, statements
from routing.runs.trace import is_by_hand, words_about_earlier, words_by_hand
from routing.work.display import exact
from routing.work.saves import Save


@statements("rule")
def by_decision(work: AskedWork) -> Iterator[Statement]:
    """Each decision of the run: the rule that matched, and those before it that did not."""
    run = work.run
    if run is None or work.kind == "exceptioncase":
        return
    if not work.decisions and work.recorded is not None and work.recorded.about:
        event = work.recorded.event
        text = _("No rule decided: %(why)s.") % {"why": words_about_earlier(work.recorded)}
        yield Statement(text, (event, event.payload), event.at)
        return
    if not work.decisions:
        text = _("No rule of %(flow)s has decided run %(run)s yet.")
        yield Statement(
            text % {"flow": run.version, "run": run.item.ref}, (run,), run.item.created_at
        )
        return
    teams = Team.objects.in_bulk({json.loads(each.answer)["team_id"] for each in work.decisions})
    for decision in work.decisions:
        if is_by_hand(decision):
            text = _("No rule decided: %(why)s") % {"why": words_by_hand(decision, work.recorded)}
            yield Statement(text, (decision,), decision.at)
        else:
            labels = {spec.name: spec.label for spec in published(decision.version_id).fields}
            yield from _decided(decision, decision.version, teams, labels)


def _decided(
    decision: Decision, version: Any, teams: Mapping[int, Team], labels: Mapping[str, str]
) -> Iterator[Statement]:
    answer, facts = json.loads(decision.answer), json.loads(decision.asked).get("facts", {})
    text = _("Rule “%(rule)s” of %(version)s decided at %(at)s: team %(team)s.") % {
        "rule": decision.rule_name,
        "version": version,
        "at": exact(decision.at),
        "team": teams.get(answer["team_id"], f"#{answer['team_id']}"),
    }
    yield Statement(text, (decision, version), decision.at)
    for line in rule_lines(answer, labels, facts):
        yield Statement(line, (decision,), decision.at)


@statements("rule")
def by_routing(work: AskedWork) -> Iterator[Statement]:
    """The exception routing that an exception follows."""
    case = work.noun
    if not isinstance(case, ExceptionCase):
        return
    route = ExceptionRoute.objects.filter(reason=case.reason).first()
    if route is None:
        text = _(
            "No exception routing names the reason “%(reason)s”; the owner of the work is asked."
        )
        yield Statement(text % {"reason": case.get_reason_display()}, (case,), work.item.created_at)
        return
    text = _(
        "Exception routing for “%(reason)s” assigns it to: %(taker)s. Timebox: %(minutes)s working "
        "minutes."
    )
    values = {
        "reason": case.get_reason_display(),
        "taker": route.get_taker_display(),
        "minutes": route.timebox_minutes,
    }
    yield Statement(text % values, (route, case), work.item.created_at)


@statements("rule")
def by_hand(work: AskedWork) -> Iterator[Statement]:
    """The statement that no rule decided, where no flow did."""
    if work.run is not None or work.kind == "exceptioncase":
        return
    event, item = work.creation, work.item
    first = _first(work)
    if event is None or first is None:
        text = _("No rule decided: no flow took it. Its first record is missing.")
        yield Statement(text, (item,), item.created_at)
        return
    values = {
        "who": event.actor,
        "owner": work.names.user(first.record.owner_id),
        "backup": work.names.user(first.record.backup_id),
    }
    text = _(
        "No rule decided: no flow took it. %(who)s created it, with %(owner)s as owner and "
        "%(backup)s as backup."
    )
    yield Statement(text % values, (event, first.record), event.at)


def _first(work: AskedWork) -> Save | None:
    return next((save for save in work.item_saves if save.type == "+"), None)


# -- Candidates ------------------------------------------------------------------------------------


@statements("candidates")
def of_decision(work: AskedWork) -> Iterator[Statement]:
    """Each candidate of the newest decision, and why they were or were not chosen."""
    if not work.decisions or work.kind == "exceptioncase":
        return
    decision = work.decisions[-1]
    for each in candidate_words(decision):
        yield Statement(_candidate(each, work.considered), (decision,), decision.at)
    rulings = {each.user_id for each in candidate_words(decision)}
    for user, role in ((decision.owner_id, _("owner")), (decision.backup_id, _("backup"))):
        if user not in rulings:
            text = _("%(who)s became the %(role)s without a verdict.")
            name = work.considered.get(user, f"#{user}")
            yield Statement(text % {"who": name, "role": role}, (decision,), decision.at)
    if named := named_words(decision):
        yield Statement(named, (decision,), decision.at)
    if how := json.loads(decision.answer)["tie_break"]:
        yield Statement(_("Ties: %(how)s.") % {"how": how}, (decision,), decision.at)


def _candidate(each: CandidateWords, names: Mapping[int, str]) -> str:
    text = {
        "owner": _("%(who)s was chosen as owner: %(why)s. Open work then: %(open)s."),
        "backup": _("%(who)s was chosen as backup: %(why)s. Open work then: %(open)s."),
        "": _("%(who)s was not chosen: %(why)s. Open work then: %(open)s."),
    }[each.role]
    return text % {
        "who": names.get(each.user_id, f"#{each.user_id}"),
        "why": each.why,
        "open": _("unknown") if each.open_items is None else each.open_items,
    }


@statements("candidates")
def without_decision(work: AskedWork) -> Iterator[Statement]:
    """Why this pair, where no decision compared anybody."""
    if work.decisions and work.kind != "exceptioncase":
        return
    first = _first(work)
    if first is None:
        return
    record, item = first.record, work.item
    names = (work.names.user(record.owner_id), work.names.user(record.backup_id))
    values = {"owner": names[0], "backup": names[1]}
    why = _source_of_pair(work, record)
    text = _("Nobody else was compared. %(owner)s and %(backup)s: %(why)s")
    if work.run is not None and work.kind == "run":
        text = _("Nobody has been compared yet. Until then %(owner)s and %(backup)s: %(why)s")
    rows: tuple[Any, ...] = (record,)
    if work.kind == "exceptioncase" and work.noun_saves:
        rows = (work.noun_saves[0].record, record)
    yield Statement(text % {**values, "why": why}, rows, item.created_at)


def _source_of_pair(work: AskedWork, record: Any) -> str:
    """Return where owner and backup came from when the work was created."""
    pair = (record.owner_id, record.backup_id)
    if work.kind == "exceptioncase":
        why = next((save.reason for save in work.noun_saves if save.type == "+"), "")
        return why or _("no reason was recorded.")
    run, client, parent = work.run, work.item.client, work.item.parent
    if work.kind == "run" and run is not None:
        if pair == (run.flow.owner_id, run.flow.backup_id):
            return _("the policy owner and policy backup of the flow.")
        return _("no reason was recorded.")
    if parent is not None and pair == (parent.owner_id, parent.backup_id):
        return _("taken over from %(parent)s.") % {"parent": parent.ref}
    if client is not None and pair == (client.owner_id, client.backup_id):
        return _("owner and backup of the client %(client)s.") % {"client": client}
    return _("set by whoever created it.")


def pairs(saves: Sequence[Save]) -> Sequence[Save]:
    """Return the saves that changed owner or backup, oldest first, the first record included."""
    places = {"owner_id", "backup_id"}
    return [save for save in saves if save.type == "+" or save.wrote & places]

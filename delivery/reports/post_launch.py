"""
The post-launch report of a run: what was asked, decided, made, approved and launched, what was
promised against what it took, and what changed after.

Each line is read from rows: the ten questions, the trace, answers, and clocks recomputed from
their marks. It says nothing that these do not say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from delivery.reports.document import (
    ReportFact,
    ReportFigure,
    ReportPage,
    ReportSection,
    ReportTable,
    Value,
    part_of,
)
from delivery.reports.naming import agency_name
from delivery.reports.promised import promised
from delivery.reports.run_rows import RunRows, finished_at
from routing.people.actors import Actor
from routing.runs.models import Run
from routing.runs.outcomes import Outcome
from routing.runs.proof_words import proof_words
from routing.runs.trace import page
from routing.work.kinds import state_label

NAME = "post-launch"


def post_launch(run: Run, *, by: Actor, at: datetime, zone: ZoneInfo) -> ReportPage:
    """
    Return the report of a run at ``at`` (aware), as ``by`` may read it.

    :param run: one that ``by`` may see
    :param zone: of the reader. Only the name is used here; words are made by ``printed``.
    """
    rows = RunRows(run, by, at)
    return ReportPage(
        name=NAME,
        kicker=_("Post-launch report"),
        title=rows.item.title or rows.item.ref,
        subtitle=_subtitle(rows),
        agency=agency_name(),
        made_at=at,
        zone=str(zone),
        facts=_facts(rows),
        figures=_figures(rows),
        sections=list(chain.from_iterable(part(rows) for part in SECTIONS)),
    )


def _subtitle(rows: RunRows) -> str:
    client = rows.item.client
    parts = [rows.item.ref, client.name if client else _("Client not known yet")]
    if rows.campaign is not None:
        parts.append(_("campaign %(ref)s") % {"ref": rows.campaign.item.ref})
    return " · ".join(parts)


def _facts(rows: RunRows) -> list[ReportFact]:
    item, run = rows.item, rows.run
    return [
        ReportFact("ref", _("Reference"), item.ref),
        ReportFact("client", _("Client"), str(item.client) if item.client else ""),
        ReportFact("state", _("State"), state_label("run", run.state)),
        ReportFact("flow", _("Flow"), str(run.version)),
        ReportFact("owner", _("Owner"), str(item.owner or "")),
        ReportFact("backup", _("Backup"), str(item.backup or "")),
        ReportFact("started_at", _("Started"), item.created_at),
        ReportFact("live_at", _("First live"), rows.live_at),
    ]


def _figures(rows: RunRows) -> list[ReportFigure]:
    wanted = [row for row in rows.deliverables if row.state != row.State.CANCELLED]
    live = [row for row in wanted if finished_at(row)]
    current = [row for row in rows.outcomes if row.state != Outcome.State.SUPERSEDED]
    proven = [row for row in current if row.state == Outcome.State.PROVEN]
    ended = [clock for clock, _told in rows.clocks if clock.met_at or clock.breached_at]
    met = [clock for clock in ended if clock.met_at]
    rounds = sum(row.rounds for row in rows.deliverables)
    return [
        part_of("live", _("Live or handed over"), len(live), len(wanted)),
        part_of("proven", _("Proven"), len(proven), len(current)),
        part_of(
            "met",
            _("SLA targets met"),
            len(met),
            len(ended),
            _("of those that were met or missed"),
        ),
        ReportFigure("rounds", _("Change rounds"), str(rounds), value=rounds),
    ]


# -- Asked and decided -----------------------------------------------------------------------------


def _answered(rows: RunRows, key: str, title: str, *questions: str) -> ReportSection:
    """Return a section of the answers to some of the ten questions, each with its source."""
    columns = (("text", _("Answer")), ("source", _("Read from")), ("at", _("At")))
    tables = []
    for name in questions:
        each = rows.questions[name]
        said = [(one.text, one.source, one.at) for one in each.statements]
        tables.append(ReportTable(name, columns, said, each.answer, each.question))
    return ReportSection(key, title, tables=tables)


def asked(rows: RunRows) -> Iterator[ReportSection]:
    yield _answered(rows, "asked", _("What was asked"), "started")


def decided(rows: RunRows) -> Iterator[ReportSection]:
    yield _answered(rows, "decided", _("What was decided"), "rule", "candidates", "owner")


# -- Made, approved and live -----------------------------------------------------------------------


def made(rows: RunRows) -> Iterator[ReportSection]:
    columns = (
        ("ref", _("Work")),
        ("title", _("Title")),
        ("number", _("Version")),
        ("author", _("By")),
        ("at", _("At")),
        ("digest", _("Digest")),
        ("checks", _("Checks")),
    )
    checks = {
        (entry.data["deliverable"], entry.data["number"]): entry.data["checks"]
        for entry in rows.entries
        if entry.section == "version"
    }
    found: list[Sequence[Value]] = []
    for row in rows.versions:
        item = row.deliverable.item
        results = checks.get((item.ref, row.number), {})
        author, words = str(row.author), check_words(results)
        found.append((item.ref, item.title, row.number, author, row.at, row.digest[:12], words))
    plan = [
        _("%(ref)s %(title)s: %(state)s")
        % {
            "ref": row.item.ref,
            "title": row.item.title,
            "state": state_label("deliverable", row.state),
        }
        for row in rows.deliverables
    ]
    urls = [link(row.deliverable.item_id) for row in rows.versions]
    empty = _("No version was uploaded.")
    table = ReportTable("versions", columns, found, empty, urls=urls)
    yield ReportSection("made", _("What was made"), lead=plan, tables=[table])


def check_words(results: Mapping[str, str]) -> str:
    """Return how many checks passed, and the names of those that did not."""
    failed = [name for name, result in results.items() if result != "passed"]
    passed = len(results) - len(failed)
    words = [_("%(count)s passed") % {"count": passed}] if results else []
    return "; ".join([*words, *(_("failed: %(name)s") % {"name": name} for name in failed)])


def approved(rows: RunRows) -> Iterator[ReportSection]:
    columns = (
        ("ref", _("Approval")),
        ("stage", _("Stage")),
        ("version", _("Version")),
        ("word", _("Answer")),
        ("by", _("By")),
        ("recorded_by", _("Recorded by")),
        ("at", _("At")),
        ("digest", _("Digest")),
    )
    found = [
        (
            each.approval.item.ref,
            each.approval.stage + 1,
            each.approval.version.number,
            each.get_word_display(),
            str(each.contact or each.user),
            str(each.recorded_by or ""),
            each.at,
            each.digest[:12],
        )
        for each in rows.answers
    ]
    answered = {each.approval_id for each in rows.answers}
    silent = [
        _("%(ref)s got no answer: %(state)s.")
        % {"ref": row.item.ref, "state": row.get_state_display()}
        for row in rows.approvals
        if row.pk not in answered
    ]
    urls = [link(each.approval.item_id) for each in rows.answers]
    table = ReportTable("answers", columns, found, _("Nobody answered an approval."), urls=urls)
    yield ReportSection("approved", _("Who approved"), lead=silent, tables=[table])


def live(rows: RunRows) -> Iterator[ReportSection]:
    columns = (
        ("ref", _("Work")),
        ("title", _("Title")),
        ("where", _("Where")),
        ("due_date", _("Promised for")),
        ("live_at", _("Live or handed over")),
        ("proof", _("Proof")),
        ("proven_at", _("Proven")),
        ("seen", _("What proves it")),
    )
    proofs = {row.item_id: row for row in rows.outcomes}
    found: list[Sequence[Value]] = []
    for row in rows.deliverables:
        proof = proofs.get(row.item_id)
        place = row.live_url or (str(row.destination.name) if row.destination else _("Files"))
        found.append(
            (
                row.item.ref,
                row.item.title,
                place,
                row.due_date,
                finished_at(row),
                proof.get_state_display() if proof else _("None expected"),
                proof.proven_at if proof else None,
                " ".join(proof_words(proof.evidence)) if proof else "",
            )
        )
    urls = [row.live_url or link(row.item_id) for row in rows.deliverables]
    empty = _("No deliverable was planned.")
    table = ReportTable("deliverables", columns, found, empty, urls=urls)
    yield ReportSection("live", _("What is live, when and where"), tables=[table])


# -- After, exceptions, open points ----------------------------------------------------------------

# What people and other systems did, as the trace tells it.
LATER = {"event", "act", "outcome", "exception", "version", "answer", "request", "outbound"}


def after(rows: RunRows) -> Iterator[ReportSection]:
    columns = (("at", _("At")), ("what", _("What")), ("reason", _("Reason")))
    since = rows.live_at
    entries = [
        entry
        for entry in rows.entries
        if since is not None and entry.at > since and entry.section in LATER
    ]
    found = [(entry.at, entry.title, _why(entry.data)) for entry in entries]
    empty = _("Nothing is live yet.") if since is None else _("Nothing changed after the launch.")
    table = ReportTable("changes", columns, found, empty)
    yield ReportSection("after", _("What changed after the launch"), tables=[table])


def _why(data: object) -> str:
    known = data if isinstance(data, dict) else {}
    return str(known.get("reason") or known.get("why") or "")


def exceptions(rows: RunRows) -> Iterator[ReportSection]:
    columns = (
        ("ref", _("Exception")),
        ("reason", _("Reason")),
        ("state", _("State")),
        ("owner", _("Owner")),
        ("raised_at", _("Raised")),
        ("ended_at", _("Ended")),
        ("open", _("Open for")),
    )
    found = [
        (
            case.item.ref,
            case.get_reason_display(),
            case.get_state_display(),
            str(case.item.owner or ""),
            case.item.created_at,
            case.ended_at,
            (case.ended_at or rows.at) - case.item.created_at,
        )
        for case in rows.cases
    ]
    urls = [link(case.item_id) for case in rows.cases]
    table = ReportTable("cases", columns, found, _("No exception was raised."), urls=urls)
    yield ReportSection("exceptions", _("Exceptions"), tables=[table])


def open_points(rows: RunRows) -> Iterator[ReportSection]:
    columns = (
        ("ref", _("Work")),
        ("title", _("Title")),
        ("state", _("State")),
        ("owner", _("Owner")),
        ("due_at", _("Due")),
    )
    still = [item for item in rows.seen.values() if item.is_open]
    found = [
        (
            item.ref,
            item.title,
            state_label(item.kind, item.state),
            str(item.owner),
            item.next_due_at,
        )
        for item in still
    ]
    unproven = [
        _("%(ref)s: “%(what)s” is %(state)s.")
        % {
            "ref": row.item.ref,
            "what": row.get_kind_display(),
            "state": str(row.get_state_display()).lower(),
        }
        for row in rows.outcomes
        if row.is_unmet
    ]
    lead = [*rows.trace.nothing_yet, *unproven]
    if still:
        words = ngettext("%(count)s item is open.", "%(count)s items are open.", len(still))
        lead.append(words % {"count": len(still)})
    urls = [link(item.pk) for item in still]
    table = ReportTable("items", columns, found, _("No work is open."), urls=urls)
    yield ReportSection("open", _("Open points"), lead=lead, tables=[table])


def known(rows: RunRows) -> Iterator[ReportSection]:
    yield _answered(rows, "known", _("What was known"), "known")


def by_hand(rows: RunRows) -> Iterator[ReportSection]:
    title = _("What was sent outside and done by hand")
    yield _answered(rows, "by_hand", title, "outside", "by_hand")


def link(item_id: int) -> str:
    """Return the whole address of a work item at the desk, for forms that leave it."""
    return settings.SITE_URL.rstrip("/") + page(item_id)


SECTIONS = (
    asked,
    decided,
    made,
    approved,
    live,
    promised,
    after,
    exceptions,
    open_points,
    known,
    by_hand,
)

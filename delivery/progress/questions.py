"""Answers to the ten questions about requests, briefs, deliverables and approvals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from django.utils.formats import date_format
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from delivery.approvals.models import Answer, Approval, AskedPerson
from delivery.briefs.models import Brief
from delivery.checks.brief_checks import judged_briefs
from delivery.checks.models import BriefCheckResult, CheckResult
from delivery.deliverables.models import Deliverable
from delivery.deliverables.stages import Audience
from delivery.deliverables.versions import Version
from delivery.progress.operations import recording, submissions
from delivery.requests.models import Request
from routing.runs.evidence_words import event_label
from routing.runs.fact_words import fact_word
from routing.runs.questions.asked import AskedWork
from routing.runs.questions.registry import Statement, statements
from routing.work.display import exact
from routing.work.rich_text import plain

QUOTED = 300  # characters of a question


def _deliverable(pk: object) -> str:
    row = Deliverable.objects.select_related("item").filter(pk=str(pk)).first()
    return str(row) if row is not None else str(pk)


def _title(body: Mapping[str, Any]) -> str:
    """Return the title of a request that was recorded or submitted, empty after an erasure."""
    return str((body.get(recording.ANSWERS) or {}).get("request.title", ""))


event_label(recording.KIND, gettext_lazy("Request recorded at the desk"), _title)
event_label(submissions.KIND, gettext_lazy("Request in the portal"), _title)
event_label(submissions.CHANGE, gettext_lazy("Change request in the portal"), _title)
fact_word("client.name", gettext_lazy("Client"))
fact_word("client.code", gettext_lazy("Code of the client"))
fact_word(submissions.TARGET, gettext_lazy("Changes this deliverable"), _deliverable)
fact_word(submissions.ABOUT, gettext_lazy("About"))
fact_word("contact.name", gettext_lazy("Contact"))
fact_word("contact.email", gettext_lazy("E-mail of the contact"))


@statements("started")
def by_channel(work: AskedWork) -> Iterator[Statement]:
    row = work.noun
    if not isinstance(row, Request):
        return
    values = {"channel": row.get_channel_display(), "who": row.contact or _("nobody named")}
    text = _("It arrived by this channel: %(channel)s. Requested by: %(who)s.")
    rows = (row, row.contact) if row.contact else (row,)
    yield Statement(text % values, rows, work.item.created_at)


@statements("rule")
def by_stage(work: AskedWork) -> Iterator[Statement]:
    """The approval stage that an approval belongs to."""
    row = work.noun
    if not isinstance(row, Approval):
        return
    text = _("Approval stage %(stage)s asks: %(audience)s. Required answers: %(quorum)s, %(need)s.")
    values = {
        "stage": row.stage + 1,
        "audience": row.get_audience_display(),
        "quorum": row.get_quorum_display(),
        "need": row.need,
    }
    yield Statement(text % values, (row,), work.item.created_at)


# -- Waiting ---------------------------------------------------------------------------------------


@statements("waiting")
def for_client(work: AskedWork) -> Iterator[Statement]:
    """The open question of a request, or the impact that the client has to accept."""
    row = work.noun
    if not isinstance(row, Request) or not work.item.is_open:
        return
    if row.question:
        # Who has to answer is said by whose turn it is, and nowhere else.
        text = _("The client was asked: “%(question)s”.")
        asked = Truncator(plain(row.question)).chars(QUOTED)
        yield Statement(text % {"question": asked}, (row,), work.item.changed_at)
    if row.impact == Request.Impact.STATED:
        text = _("The client has to accept or decline the stated impact.")
        yield Statement(text, (row,), work.item.changed_at)


@statements("waiting")
def for_approval(work: AskedWork) -> Iterator[Statement]:
    """Open approvals of a deliverable, or the people whom an approval asks."""
    row = work.noun
    pending = []
    if isinstance(row, Approval) and work.item.is_open:
        pending = [row]
    elif isinstance(row, Deliverable) and work.item.is_open:
        found = Approval.objects.filter(
            version__deliverable=row, state=Approval.State.PENDING
        ).select_related("item__owner", "item__backup", "version")
        pending = list(found)
    for each in pending:
        values = {
            "ref": each.item.ref,
            "number": each.version.number,
            "who": _asked(each),
            "at": exact(each.item.created_at),
            "until": exact(each.expires_at),
        }
        text = _(
            "Approval %(ref)s of version %(number)s has been open since %(at)s. It asks %(who)s, "
            "until %(until)s."
        )
        yield Statement(text % values, (each, each.item), each.item.created_at)


def _asked(row: Approval) -> str:
    # Those who were asked then, and not those who have the role today.
    asked = AskedPerson.objects.filter(approval=row, left_at=None).select_related("contact", "user")
    names = ", ".join(str(each.contact or each.user) for each in asked.order_by("pk"))
    return names or _("nobody who can still answer")


@statements("waiting")
def for_checks(work: AskedWork) -> Iterator[Statement]:
    """The failed checks that keep a brief from being approved."""
    row = work.noun
    if not isinstance(row, Brief) or row.state not in Brief.open_states:
        return
    for each in judged_briefs([row])[row.pk]:
        if each.result is not None and each.blocks:
            text = _("Until it passes, this check keeps the brief from being approved: %(check)s")
            yield Statement(text % {"check": each.sentence}, (each.result,), each.result.at)


# -- Due -------------------------------------------------------------------------------------------


@statements("due")
def dates(work: AskedWork) -> Iterator[Statement]:
    """Days that somebody wished for or planned, and deadlines of approvals."""
    row, at = work.noun, work.item.created_at
    if isinstance(row, Request) and row.wanted_date:
        text = _("The client needs it by %(day)s.") % {"day": _day(row.wanted_date)}
        yield Statement(text, (row,), at)
    if isinstance(row, Deliverable) and row.due_date:
        text = _("The brief plans it for %(day)s.") % {"day": _day(row.due_date)}
        yield Statement(text, (row,), at)
    if isinstance(row, Approval):
        text = _("The question expires at %(at)s.") % {"at": exact(row.expires_at)}
        yield Statement(text, (row,), at)


def _day(day: date) -> str:
    return date_format(day, "D j M Y")


# -- Outside and outcome ---------------------------------------------------------------------------


@statements("outside")
def to_client(work: AskedWork) -> Iterator[Statement]:
    """Questions to the client about versions, with the answers that came back."""
    found = Approval.objects.filter(
        item__in=list(work.items_by_id), audience=Audience.CLIENT
    ).select_related("version")
    rows = {row.pk: row for row in found.order_by("pk")}
    for row in rows.values():
        text = _("%(ref)s asked the client about version %(number)s at %(at)s.")
        item = work.items_by_id[row.item_id]
        values = {"ref": item.ref, "number": row.version.number, "at": exact(item.created_at)}
        yield Statement(text % values, (row,), item.created_at)
    for answer in _answers(list(rows)):
        item = work.items_by_id[rows[answer.approval_id].item_id]
        yield _answer(answer, item.ref)


def _answers(approvals: list[int]) -> list[Answer]:
    rows = Answer.objects.filter(approval__in=approvals).select_related(
        "user", "contact", "recorded_by", "evidence"
    )
    return list(rows.order_by("pk")) if approvals else []


def _answer(answer: Answer, ref: str) -> Statement:
    text = _("%(who)s answered %(ref)s at %(at)s: %(word)s.") % {
        "who": answer.contact or answer.user,
        "ref": ref,
        "at": exact(answer.at),
        "word": answer.get_word_display(),
    }
    if answer.recorded_by is not None:
        text += " " + _("Recorded by %(who)s, evidence: %(file)s.") % {
            "who": answer.recorded_by,
            "file": answer.evidence.name if answer.evidence else _("none"),
        }
    return Statement(text, (answer,), answer.at)


@statements("outcome")
def of_approval(work: AskedWork) -> Iterator[Statement]:
    """The answers to an approval."""
    row = work.noun
    if not isinstance(row, Approval):
        return
    answers = _answers([row.pk])
    for answer in answers:
        yield _answer(answer, work.item.ref)
    if not answers:
        yield Statement(_("Nobody has answered."), (row,), work.item.created_at)


@statements("outcome")
def of_brief(work: AskedWork) -> Iterator[Statement]:
    row = work.noun
    if not isinstance(row, Brief):
        return
    yield from _brief_checks(row)
    if row.approved_at is None:
        yield Statement(_("The brief is not approved."), (row,), work.item.created_at)
        return
    text = _("The brief was approved by %(who)s at %(at)s.")
    values = {"who": row.approved_by or _("nobody named"), "at": exact(row.approved_at)}
    yield Statement(text % values, (row,), row.approved_at)


def _brief_checks(row: Brief) -> Iterator[Statement]:
    """Return the newest result of each check of a brief."""
    stored = BriefCheckResult.objects.filter(brief=row).select_related("check_row", "by")
    for result in stored.order_by("check_row_id", "-pk").distinct("check_row_id"):
        if result.accepted:
            text = _("Check “%(check)s”: failed, accepted by %(who)s: %(reason)s")
            check, reason = result.check_row.name, result.reason
            text %= {"check": check, "who": result.by, "reason": reason}
            yield Statement(text, (result,), result.at)
        else:
            yield _checked(result)


def _checked(result: CheckResult | BriefCheckResult) -> Statement:
    text = _("Check “%(check)s”: %(result)s, by %(who)s at %(at)s.")
    values = {
        "check": result.check_row.name,
        "result": _("passed") if result.passed else _("failed"),
        "who": result.by,
        "at": exact(result.at),
    }
    return Statement(text % values, (result,), result.at)


@statements("outcome")
def of_deliverable(work: AskedWork) -> Iterator[Statement]:
    """The newest version, its checks and where it is live."""
    row = work.noun
    if not isinstance(row, Deliverable):
        return
    if row.live_at is not None:
        text = _("It has been live at %(url)s since %(at)s.")
        yield Statement(text % {"url": row.live_url, "at": exact(row.live_at)}, (row,), row.live_at)
    found = Version.objects.filter(pk=row.version_id or 0)
    version = found.select_related("author").first()
    if version is None:
        yield Statement(_("There is no version yet."), (row,), work.item.created_at)
        return
    text = _("Newest version: %(number)s, by %(who)s at %(at)s, digest %(digest)s.")
    values: dict[str, object] = {
        "number": version.number,
        "who": version.author,
        "at": exact(version.at),
        "digest": version.digest[:12],
    }
    yield Statement(text % values, (version, row), version.at)
    newest: dict[int, CheckResult] = {}
    results = CheckResult.objects.filter(version=version).select_related("check_row", "by")
    for result in results.order_by("pk"):
        newest[result.check_row_id] = result
    yield from map(_checked, newest.values())

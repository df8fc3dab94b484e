"""Making, sending and withdrawing of reports, and saving of schedules."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import structlog
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from delivery.reports.document import as_json, in_words, printed
from delivery.reports.models import LATE_AFTER, Report, ReportRecipient, ReportSchedule
from delivery.reports.monthly import monthly
from delivery.reports.months import ClientMonth
from routing.kernel.isolate import isolate
from routing.kernel.queues import claim_batch
from routing.kernel.roles import AM, AUDITOR, OPS, grant
from routing.people.actors import Actor
from routing.people.clients import Client
from routing.people.saving import save_with_reason, tell
from routing.runs.evidence_words import event_label
from routing.work.registry import announce, reactions
from routing.work.visibility import clients_seen_by

grant("delivery.view_report", AM, OPS, AUDITOR)
grant("delivery.add_report", AM, OPS)
ANY_CLIENT = "delivery.make_any_report"
grant(ANY_CLIENT, OPS, name="Can make and withdraw reports of any client")
WITHDRAW = "delivery.withdraw_report"
grant(WITHDRAW, AM, OPS, name="Can withdraw reports")
for _model in ("reportschedule", "reportrecipient"):
    grant(f"delivery.view_{_model}", AM, OPS, AUDITOR)
    grant(f"delivery.add_{_model}", OPS)
    grant(f"delivery.change_{_model}", OPS)
grant("delivery.delete_reportrecipient", OPS)

MADE = announce("delivery.report.make")
SENT = announce("delivery.report.send")
WITHDRAWN = announce("delivery.report.withdraw")
event_label(MADE.kind, gettext_lazy("Report: Made"))
event_label(SENT.kind, gettext_lazy("Report: Sent"))
event_label(WITHDRAWN.kind, gettext_lazy("Report: Withdrawn"))

AT_ONCE = 20  # schedules of one sweep
LONGEST_REASON = 500
log = structlog.get_logger(__name__)


class TooEarly(ValueError):
    """The month has not begun, so there is nothing to report."""


def require_client(client: Client, by: Actor, permission: str) -> None:
    """
    Refuse reports of clients that are not the actor's own.

    :raises PermissionDenied: if ``by`` lacks the permission, or the client is not theirs
    """
    by.require(permission, to=_("make or withdraw reports"))
    if by.is_service:
        return
    seen = clients_seen_by(by).filter(pk=client.pk).exists()
    mine = by.user_id in {client.owner_id, client.backup_id} or client.team_id in by.team_ids
    if not seen or not (mine or by.may(ANY_CLIENT)):
        raise PermissionDenied(_("Reports are made for clients of your own."))


def make_report(client: Client, month: ClientMonth, *, by: Actor, at: datetime) -> Report:
    """
    Make and keep the report of a month, also of the one that is not over yet. It is not sent.

    :raises PermissionDenied: see ``require_client``
    :raises TooEarly: if the month begins after ``at`` (aware)
    """
    require_client(client, by, "delivery.add_report")
    with transaction.atomic():
        row = _made(client, month, by=by, at=at)
        tell(MADE.kind, row.pk, by=by, at=at)
    return row


def _made(
    client: Client,
    month: ClientMonth,
    *,
    by: Actor,
    at: datetime,
    schedule: ReportSchedule | None = None,
    due_at: datetime | None = None,
) -> Report:
    if month.begins > at:
        raise TooEarly(_("%(month)s has not begun.") % {"month": month.words})
    with timezone.override(month.zone):
        page = monthly(client, month, at=at)
        words = printed(page)
        if due_at is not None and at - due_at > LATE_AFTER:
            words["notice"] = _("This report is late. It was due %(due)s.") % {
                "due": in_words(due_at)
            }
        elif month.ends > at:
            words["notice"] = _("The month is not over. The report counts until it was made.")
    row = Report(
        client=client,
        month=month.first,
        schedule=schedule,
        words=words,
        data=as_json(page),
        made_at=at,
        made_by_id=by.user_id,
        due_at=due_at,
    )
    save_with_reason(row, by=by, at=at)
    return row


def withdraw_report(pk: int, *, by: Actor, at: datetime, reason: str) -> Report:
    """
    Withdraw a report that is wrong. It stays listed with the reason, and is not sent any more.

    :raises PermissionDenied: see ``require_client``
    :raises ValidationError: without a reason, or if it was withdrawn before
    """
    with transaction.atomic():
        row = Report.objects.select_for_update(of=("self",)).select_related("client").get(pk=pk)
        require_client(row.client, by, WITHDRAW)
        why = " ".join(reason.split())
        if not why or len(why) > LONGEST_REASON:
            raise ValidationError(
                _("Enter a reason of at most %(most)s characters.") % {"most": LONGEST_REASON}
            )
        if row.withdrawn_at is not None:
            raise ValidationError(_("This report was withdrawn before."))
        row.withdrawn_at, row.withdrawn_by_id, row.withdrawn_reason = at, by.user_id, why
        save_with_reason(row, by=by, at=at, reason=why)
        tell(WITHDRAWN.kind, row.pk, by=by, at=at)
    return row


# -- Schedules -------------------------------------------------------------------------------------


def save_schedule(row: ReportSchedule, *, by: Actor, at: datetime, reason: str = "") -> None:
    """
    Save a schedule. A new one reports the present month of its client first.

    :raises PermissionDenied: if ``by`` may not change schedules
    """
    verb = "change" if row.pk else "add"
    by.require(f"delivery.{verb}_reportschedule", to=_("change report schedules"))
    with transaction.atomic():
        if row.pk:
            # Locked, so that a report that is made meanwhile is not planned again.
            known = ReportSchedule.objects.select_for_update().get(pk=row.pk)
            row.next_month = known.next_month
        today = timezone.localtime(at, ZoneInfo(row.client.timezone)).date()
        row.plan(row.next_month or today.replace(day=1))
        save_with_reason(row, by=by, at=at, reason=reason)


def make_due_reports(*, at: datetime) -> int:
    """
    Make and send the reports that are due, the missed months of a schedule one after the other.

    Two workers pass each other, and each report is made once. It returns how many were made.
    """
    due = ReportSchedule.objects.due(at).order_by("next_at", "pk")
    ids = list(due.values_list("pk", flat=True)[:AT_ONCE])

    def work(keys: object) -> int:
        assert isinstance(keys, list | tuple)
        return sum(_run(key, at) for key in keys)

    return sum(isolate(work, [pk], _failed) for pk in ids)


def _failed(pk: int, error: str) -> None:
    # The row stays due, so the next sweep tries it again.
    log.error("report failed", action="report", schedule=pk, error=error)


def _run(pk: int, at: datetime) -> int:
    """Make and send all reports of a schedule that are due."""
    made = 0
    while _make_next(pk, at):
        made += 1
    return made


def _make_next(pk: int, at: datetime) -> bool:
    """
    Make and send one report of a schedule in one transaction, whose commit is the acknowledgement.
    """
    system = Actor.system()
    with transaction.atomic():
        # Locked, or passed over if another worker has it.
        if not claim_batch(ReportSchedule.objects.due(at).filter(pk=pk)):
            return False
        schedule = ReportSchedule.objects.select_related("client").get(pk=pk)
        month, due_at = schedule.next_month, schedule.next_at
        assert month is not None  # it is due
        reported = ClientMonth(month, ZoneInfo(schedule.client.timezone))
        row = _made(schedule.client, reported, by=system, at=at, schedule=schedule, due_at=due_at)
        tell(SENT.kind, row.pk, by=system, at=at)
        for reaction in reactions(SENT.kind):
            reaction([row], system, at)
        schedule.plan(reported.following.first)
        ReportSchedule.objects.filter(pk=pk).update(
            next_month=schedule.next_month, next_at=schedule.next_at
        )
    return True


def recipients_of(schedule: ReportSchedule) -> list[ReportRecipient]:
    return list(schedule.recipients.select_related("user", "contact").order_by("pk"))

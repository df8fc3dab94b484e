"""Notification: a message to one person, written in the transaction that causes it."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from routing.people.staff import User
from routing.work.items import WorkItem

# Values of ``while_state`` besides the states of work.
ANY_OPEN = "*"  # in any open state
LATE, SOON = "!late", "!soon"  # overdue, as it was when the message was sent; not yet due
OF_A_CLOCK = "clock:"  # the dedupe keys of escalations begin so
WITH_CLIENT, ON_HOLD = "!client", "!held"
# Parties of one person each. A message to somebody who is no longer that person is settled.
PERSONS = ("owner", "backup", "assignee")

# The same as ``NotificationQuerySet.current``, for a hand-written statement with the notification
# as ``n`` and its work item as ``w``. A test compares them.
CURRENT = """(n.while_state = '' OR w.is_open AND (
        n.while_state IN ('*', w.state)
        OR n.while_state = '!late' AND w.next_due_at <= n.at
        OR n.while_state = '!soon' AND w.next_due_at > %(now)s
        OR n.while_state = '!client' AND w.waiting_on = 'client'
        OR n.while_state = '!held' AND w.held_at IS NOT NULL
    ) AND (
        n.party NOT IN ('owner', 'backup', 'assignee')
        OR n.party = 'owner' AND w.owner_id = n.recipient_id
        OR n.party = 'backup' AND w.backup_id = n.recipient_id
        OR n.party = 'assignee' AND coalesce(w.doer_id, w.owner_id) = n.recipient_id))"""


class NotificationQuerySet(models.QuerySet["Notification"]):
    def unread(self) -> Self:
        return self.filter(read_at=None)

    def of_steps(self) -> Self:
        """Filter for messages about steps of the work. Those of escalations name their clock."""
        return self.exclude(dedupe_key__startswith=OF_A_CLOCK)

    def current(self, at: datetime) -> Self:
        """
        Filter for messages that are not settled at ``at`` (aware).

        It is derived from the work item whenever it is asked, so that no message can outlive what
        it is about.
        """
        matters = (
            Q(while_state=ANY_OPEN)
            | Q(while_state=F("item__state"))
            | Q(while_state=LATE, item__next_due_at__lte=F("at"))
            | Q(while_state=SOON, item__next_due_at__gt=at)
            | Q(while_state=WITH_CLIENT, item__waiting_on=WorkItem.WaitingOn.CLIENT)
            | Q(while_state=ON_HOLD, item__held_at__isnull=False)
        )
        concerns = (
            ~Q(party__in=PERSONS)
            | Q(party="owner", item__owner=F("recipient"))
            | Q(party="backup", item__backup=F("recipient"))
            | Q(party="assignee", item__doer=F("recipient"))
            | Q(party="assignee", item__doer=None, item__owner=F("recipient"))
        )
        return self.filter(Q(while_state="") | Q(item__is_open=True) & matters & concerns)


class Notification(models.Model):
    """
    One message to one person about one work item.

    A repeated cause has the same ``dedupe_key`` and sends no second message. ``words`` is the kind
    of message; the text is made when it is shown, in the reader's language.

    ``while_state`` says for how long the message counts: while the item is in that state, while it
    is in any open state, or for ever if empty. ``party`` is the code of the party that the person
    belonged to, such as owner.
    """

    class Words(models.TextChoices):
        OWNS = "owns", _("You are now the owner")
        BACKS_UP = "backs_up", _("You are now the backup")
        EXCEPTION = "exception", _("Needs your decision")
        APPROVAL = "approval", _("Needs your approval")
        ASK_CLIENT = "ask_client", _("Ready to ask the client")
        CHANGES = "changes", _("Changes requested")
        REWORK = "rework", _("Returned by QA")
        CHECKS = "checks", _("Checks of the brief failed")
        APPROVED = "approved", _("Approved")
        NOT_OWNER = "not_owner", _("You are no longer the owner")
        NOT_BACKUP = "not_backup", _("You are no longer the backup")
        ASSIGNED = "assigned", _("Assigned to you")
        NOT_ASSIGNED = "not_assigned", _("No longer assigned to you")
        SIGN_OFF = "sign_off", _("Needs your sign-off")
        BRIEF = "brief", _("Brief to be written")
        PLAN = "plan", _("The plan changed")
        NOTE = "note", _("New note")
        HELD = "held", _("Put on hold")
        RESUMED = "resumed", _("Resumed")
        CANCELLED = "cancelled", _("Cancelled")
        REJECTED = "rejected", _("Rejected")
        DUPLICATE = "duplicate", _("Closed as a duplicate")
        ARCHIVED = "archived", _("Archived")
        FAILED = "failed", _("Publishing failed")
        CLAIMED = "claimed", _("Claimed by a colleague")
        RESOLVED = "resolved", _("Resolved by a colleague")
        DISMISSED = "dismissed", _("Dismissed by a colleague")
        INVOICE = "invoice", _("Invoice to be recorded")
        UNPROVEN = "unproven", _("Closed without proof")
        WAIVED = "waived", _("Proof waived")
        DIFFERS = "differs", _("The page differs from what was approved")
        ROLLED_BACK = "rolled_back", _("A flow was rolled back")
        REVIEW = "review", _("A flow to be reviewed")
        REVIEW_LATE = "review_late", _("The review of a flow is overdue")
        FLOW_SAYS = "flow_says", _("Message of a flow")
        MIGRATED = "migrated", _("Moved to another version of its flow")
        NOT_TAKEN_IN = "not_taken_in", _("A request that you recorded was rejected")
        EXPIRED = "expired", _("Closed without a decision in time")
        CLOSED = "closed", _("The question was withdrawn")
        DECIDE = "decide", _("Your approval is needed")
        REMINDER = "reminder", _("Reminder: your approval is needed")
        IMPACT = "impact", _("Accept or decline a change")
        DECIDED = "decided", _("The client decided")
        ANSWERED = "answered", _("The client answered")
        WITHDRAWN = "withdrawn", _("The client withdrew it")
        WARNING = "warning", _("Due soon")
        BREACH = "breach", _("Overdue")
        ESCALATION = "escalation", _("Overdue and escalated to you")
        INCIDENT = "incident", _("An incident was opened")
        AFFECTED = "affected", _("An incident holds up your work")
        INCIDENT_OVER = "incident_over", _("The incident is closed")

    impersonal = ("words", "while_state", "party", "dedupe_key")

    recipient = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="notifications", verbose_name=_("to")
    )
    item = models.ForeignKey(
        WorkItem, on_delete=models.PROTECT, related_name="notifications", verbose_name=_("about")
    )
    words = models.CharField(_("message"), max_length=20, choices=Words)
    # Written by the table of messages. Empty for information that does not settle.
    while_state = models.CharField(
        _("counts while"), max_length=32, default="", db_default="", blank=True, editable=False
    )
    party = models.CharField(
        _("told as"), max_length=20, default="", db_default="", blank=True, editable=False
    )
    dedupe_key = models.CharField(max_length=120, unique=True)
    at = models.DateTimeField(_("at"))
    # Set just before the e-mail leaves, so that a visit that follows it is never earlier.
    sent_at = models.DateTimeField(_("e-mailed"), null=True, editable=False)
    read_at = models.DateTimeField(_("read"), null=True, blank=True)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        verbose_name = _("notification")
        verbose_name_plural = _("notifications")
        ordering = ("-id",)
        default_permissions = ("view",)
        indexes = (
            models.Index(
                fields=["recipient", "-id"],
                condition=models.Q(read_at__isnull=True),
                name="notification_unread_idx",
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_words_display()}: {self.item}"

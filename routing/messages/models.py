"""Notification: a message to one person, written in the transaction that causes it."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from routing.people.staff import User
from routing.work.items import WorkItem


class Notification(models.Model):
    """
    One message to one person about one work item.

    A repeated cause has the same ``dedupe_key`` and sends no second message. ``words`` is the kind
    of message; the text is made when it is shown, in the reader's language.
    """

    class Words(models.TextChoices):
        OWNS = "owns", _("You are now the owner")
        BACKS_UP = "backs_up", _("You are now the backup")
        EXCEPTION = "exception", _("Needs your decision")
        APPROVAL = "approval", _("Needs your approval")
        ASK_CLIENT = "ask_client", _("Ready to ask the client")
        CHANGES = "changes", _("Changes requested")
        REWORK = "rework", _("Returned by QA")
        APPROVED = "approved", _("Approved")
        DECIDE = "decide", _("Your approval is needed")
        REMINDER = "reminder", _("Reminder: your approval is needed")
        IMPACT = "impact", _("Accept or decline a change")
        DECIDED = "decided", _("The client decided")
        ANSWERED = "answered", _("The client answered")
        WITHDRAWN = "withdrawn", _("The client withdrew it")
        WARNING = "warning", _("Due soon")
        BREACH = "breach", _("Overdue")
        ESCALATION = "escalation", _("Overdue and escalated to you")

    impersonal = ("words", "dedupe_key")

    recipient = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="notifications", verbose_name=_("to")
    )
    item = models.ForeignKey(
        WorkItem, on_delete=models.PROTECT, related_name="notifications", verbose_name=_("about")
    )
    words = models.CharField(_("message"), max_length=20, choices=Words)
    dedupe_key = models.CharField(max_length=120, unique=True)
    at = models.DateTimeField(_("at"))
    # Set just before the e-mail leaves, so that a visit that follows it is never earlier.
    sent_at = models.DateTimeField(_("e-mailed"), null=True, editable=False)
    read_at = models.DateTimeField(_("read"), null=True, blank=True)

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

"""Figures of approvals: how long answers take, how late and how quick they are, and who says no."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import DateTimeField, DurationField, ExpressionWrapper, F, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from delivery.approvals.models import Answer, Approval
from delivery.deliverables.stages import Audience
from routing.figures.catalogue import TOOK, Computes, Figure, Topic, durations, register
from routing.figures.dimensions import Dimension, person
from routing.work.gates import Words
from routing.work.kinds import state_label

QUICK = timedelta(seconds=60)


def audience_words(audience: str) -> Words:
    return Audience(audience).label


def state_words(state: str) -> Words:
    return state_label("approval", state)


_AUDIENCE = Dimension(name="audience", title=_("Audience"), path="audience", words=audience_words)
_APPROVAL: dict[str, Any] = {
    "topic": Topic.APPROVALS,
    "grain": _("an approval: the question of one stage about one version"),
    "at": "ended_at",
    "own": (
        _AUDIENCE,
        Dimension(name="stage", title=_("Stage"), path="stage"),
        Dimension(name="state", title=_("State"), path="state", words=state_words),
    ),
}
_ANSWER: dict[str, Any] = {
    "topic": Topic.APPROVALS,
    "grain": _("one person's answer to an approval"),
    "item": "approval__item",
    "at": "at",
    "own": (
        Dimension(
            name="audience", title=_("Audience"), path="approval__audience", words=audience_words
        ),
        person("approver", _("Approver"), "user"),
    ),
}


def answered(at: datetime) -> QuerySet[Any]:
    """Return the approvals that were decided, with the time from the question to the decision."""
    took = ExpressionWrapper(F("ended_at") - F("item__created_at"), output_field=DurationField())
    decided = Approval.objects.filter(state__in=Approval.decided_states)
    return decided.annotate(**{TOOK: took})


def decided_or_expired(at: datetime) -> QuerySet[Any]:
    return Approval.objects.filter(state__in=Approval.due_states)


def given(at: datetime) -> QuerySet[Any]:
    """Return the answers that people gave themselves."""
    return Answer.objects.filter(recorded_by=None)


register(
    *durations(
        "approval_wait",
        title=_("Wait for an approval"),
        formula=_("From the question to its decision, elapsed."),
        counted=_(
            "Approvals that were approved, returned with changes or rejected in the period, also "
            "those that a newer version superseded later."
        ),
        left_out=_("Approvals that are pending, expired or were withdrawn."),
        rows=answered,
        **_APPROVAL,
    ),
    Figure(
        name="approvals_expired",
        title=_("Approvals that expired"),
        formula=_("Approvals that expired, divided by those that expired or were decided."),
        counted=_("Approvals that were decided or expired in the period."),
        left_out=_("Approvals that are pending or were withdrawn."),
        rows=decided_or_expired,
        computes=Computes.RATE,
        good=Q(state=Approval.State.EXPIRED),
        **_APPROVAL,
    ),
    Figure(
        name="quick_approvals",
        title=_("Approvals within seconds"),
        formula=_(
            "Answers that approve within 60 seconds of the question, divided by all answers."
        ),
        counted=_("Answers that people gave in the period."),
        left_out=_("Answers that somebody else recorded for a client."),
        rows=given,
        computes=Computes.RATE,
        good=Q(
            word=Answer.Word.APPROVE,
            at__lte=ExpressionWrapper(
                F("approval__item__created_at") + QUICK, output_field=DateTimeField()
            ),
        ),
        **_ANSWER,
    ),
    Figure(
        name="approver_says_no",
        title=_("Answers that say no"),
        formula=_("Answers that ask for changes or reject, divided by all answers."),
        counted=_(
            "Answers that people gave in the period. Grouped by approver, a 0 is somebody of the "
            "agency who never says no; answers of clients have no approver here."
        ),
        left_out=_("Answers that somebody else recorded for a client."),
        rows=given,
        computes=Computes.RATE,
        good=~Q(word=Answer.Word.APPROVE),
        **_ANSWER,
    ),
)

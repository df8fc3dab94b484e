"""
The checklist before publishing: what the system can look at, and what a person has to answer.

Packages above add lines about what they store. A line says what it looked at; where it can only
suppose, it says so.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from routing.flows.event_catalogue import kind_words
from routing.flows.faults import NotPublishable
from routing.flows.lint import (
    Lint,
    empty_policy,
    impossible_rules,
    unknown_skills,
    unknown_triggers,
    unreachable_rules,
)
from routing.flows.models import Flow, FlowVersion
from routing.flows.recurrence_words import recurrence_words
from routing.kernel.history import Tracked
from routing.kernel.roles import AM, AUDITOR, INTEGRATIONS, OPS, QA, grant, holders
from routing.people.actors import Actor
from routing.people.saving import save_with_reason
from routing.people.staff import User
from routing.sla.policies import SLAPolicy
from routing.work.gates import Words

ANSWER = "routing.add_checklistanswer"
# What a person has looked at is true for a while, whichever version is published.
COUNTS_FOR = timedelta(days=180)

grant("routing.view_checklistanswer", AM, QA, OPS, INTEGRATIONS, AUDITOR)
grant(ANSWER, OPS, INTEGRATIONS)


class ChecklistAnswer(models.Model):
    """A person's answer to a line of the checklist of a flow. It counts for a while."""

    lasting: ClassVar[bool] = True  # the app may not delete it
    redactable = ("note",)
    impersonal = ("line",)

    version = models.ForeignKey(
        FlowVersion,
        on_delete=models.PROTECT,
        related_name="checklist_answers",
        verbose_name=gettext_lazy("version"),
    )
    line = models.CharField(gettext_lazy("line"), max_length=32)
    answered_by = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="+", verbose_name=gettext_lazy("answered by")
    )
    at = models.DateTimeField(gettext_lazy("at"))
    note = models.CharField(gettext_lazy("note"), max_length=200)

    history = Tracked()

    class Meta:
        verbose_name = gettext_lazy("checklist answer")
        verbose_name_plural = gettext_lazy("checklist answers")
        ordering = ("-id",)
        default_permissions = ("add", "view")

    def __str__(self) -> str:
        return f"{self.version}: {self.line}"


@dataclass(frozen=True, slots=True)
class LineLook:
    """
    What the system found about a line. ``passed`` is None if it cannot tell, so that a person has
    to answer. ``guess`` is true if it only supposes. ``lasts`` is true if the answer of a person is
    about the flow and not about one draft.
    """

    passed: bool | None
    because: str
    where: str = ""
    guess: bool = False
    lasts: bool = False


@dataclass(frozen=True, slots=True)
class CheckedLine:
    """A line of the checklist of a draft, with the answer of the system or of a person."""

    code: str
    label: Words
    look: LineLook
    answer: ChecklistAnswer | None = None

    @property
    def is_open(self) -> bool:
        return not self.look.passed and not (self.look.passed is None and self.answer)

    @property
    def open_words(self) -> str:
        """Return the line with what is open about it."""
        return f"{self.label}: {self.look.because}"

    @property
    def asks_person(self) -> bool:
        return self.look.passed is None

    @property
    def clears_by(self) -> str:
        return holders(ANSWER if self.asks_person else "routing.change_flowversion")


class ChecklistOpen(NotPublishable):
    """Lines of the checklist are open."""

    def __init__(self, lines: Sequence[CheckedLine]) -> None:
        super().__init__([each.open_words for each in lines])
        self.lines = lines


class CriteriaMissing(NotPublishable):
    """The draft does not say by what its success will be judged."""

    def __init__(self) -> None:
        words = _(
            "Enter the success criteria of this version. They cannot be changed once it is live."
        )
        super().__init__([words])


Look = Callable[[FlowVersion], LineLook]

_lines: dict[str, tuple[int, Words, Look]] = {}
_readings: list[Callable[[FlowVersion], None]] = []


def before_checklist(read: Callable[[FlowVersion], None]) -> Callable[[FlowVersion], None]:
    """Register what reads from other systems, and keeps what its line of the checklist needs."""
    _readings.append(read)
    return read


def read_outside(version: FlowVersion) -> None:
    """
    Let other systems be asked about a draft. It can take seconds, so call it outside transactions,
    before the checklist is shown or demanded.
    """
    for read in _readings:
        read(version)


def checklist_line(code: str, label: Words, *, place: int) -> Callable[[Look], Look]:
    """Register a line of the checklist, shown in the order of ``place``."""

    def register(look: Look) -> Look:
        _lines[code] = (place, label, look)
        return look

    return register


def checklist_of(version: FlowVersion, at: datetime) -> list[CheckedLine]:
    """Return every line with its answer, in order."""
    given = _answers(version.flow_id, at)
    found = []
    for code, (_place, label, look) in sorted(_lines.items(), key=lambda each: each[1][0]):
        seen = look(version)
        mine = [row for row in given[code] if seen.lasts or row.version_id == version.pk]
        found.append(CheckedLine(code, label, seen, mine[-1] if mine else None))
    return found


def _answers(flow: int, at: datetime) -> Mapping[str, list[ChecklistAnswer]]:
    """Return the answers to each line of a flow that still count, the newest last."""
    rows = ChecklistAnswer.objects.filter(version__flow=flow, at__gt=at - COUNTS_FOR)
    found: dict[str, list[ChecklistAnswer]] = defaultdict(list)
    for row in rows.select_related("answered_by").order_by("pk"):
        found[row.line].append(row)
    return found


def open_words(version: FlowVersion, lines: Sequence[CheckedLine]) -> list[str]:
    """Return what keeps a draft with this checklist from being published, as sentences."""
    criteria = () if version.criteria else CriteriaMissing().faults
    return [*criteria, *(each.open_words for each in lines if each.is_open)]


def require_complete(version: FlowVersion, at: datetime) -> None:
    """
    Refuse a draft whose checklist is open, or which has no success criteria.

    :raises CriteriaMissing: if it has none
    :raises ChecklistOpen: with the open lines
    """
    if not version.criteria:
        raise CriteriaMissing
    open_lines = [each for each in checklist_of(version, at) if each.is_open]
    if open_lines:
        raise ChecklistOpen(open_lines)


def answer_line(
    version: FlowVersion, line: str, *, by: Actor, at: datetime, note: str
) -> ChecklistAnswer:
    """
    Answer a line of the checklist that the system cannot look at.

    :raises PermissionDenied: if ``by`` may not answer
    :raises LookupError: if there is no such line, or the system answers it itself
    """
    by.require(ANSWER, to="answer the checklist of flows")
    asked = {each.code for each in checklist_of(version, at) if each.asks_person}
    if line not in asked:
        raise LookupError(line)
    row = ChecklistAnswer(version=version, line=line, answered_by_id=by.user_id, at=at, note=note)
    save_with_reason(row, by=by, at=at, reason=note)
    return row


# -- Lines about the flow itself -------------------------------------------------------------------


def _linted(version: FlowVersion, *checks: Lint) -> str:
    """Return what these checks find as a question: it can be meant, and keeps nothing out."""
    # These alone, because others try the rules on a thousand decisions.
    found: list[str] = []
    for check in checks:
        found += [each.message for each in check(version)]
    return " ".join([*found, _("Is that meant?")]) if found else ""


def _page(row: FlowVersion | Flow) -> str:
    return reverse(f"admin:routing_{row._meta.model_name}_change", args=[row.pk])


@checklist_line("triggers", gettext_lazy("Triggers"), place=10)
def _triggers(version: FlowVersion) -> LineLook:
    wrong = _linted(version, unknown_triggers)
    if wrong:
        return LineLook(None, wrong, f"{_page(version)}#triggers-group")
    named = sorted({kind_words(row.kind) for row in version.triggers.all()})
    kinds = "; ".join([*named, *(recurrence_words(row) for row in version.recurrences.all())])
    if not kinds:
        words = _("Nothing starts it. Add a trigger.")
        return LineLook(False, words, f"{_page(version)}#triggers-group")
    return LineLook(True, _("It is started by %(kinds)s.") % {"kinds": kinds}, _page(version))


@checklist_line("owners", gettext_lazy("Owners and backups"), place=20)
def _owners(version: FlowVersion) -> LineLook:
    flow = version.flow
    named = [flow.owner, flow.backup, *([flow.outcome_owner] if flow.outcome_owner else [])]
    gone = [user.full_name for user in named if not (user.is_active and user.is_staff)]
    if gone:
        words = _("%(names)s cannot act any more. Choose active people.")
        return LineLook(False, words % {"names": ", ".join(gone)}, _page(flow))
    words = _("%(owner)s owns it and %(backup)s is the backup, both active.")
    return LineLook(True, words % {"owner": flow.owner, "backup": flow.backup}, _page(flow))


@checklist_line("sla", gettext_lazy("SLA and escalation"), place=30)
def _sla(version: FlowVersion) -> LineLook:
    policy = SLAPolicy.objects.filter(slug=version.policy).first()
    where = reverse("admin:routing_slapolicy_change", args=[policy.pk]) if policy else ""
    if wrong := _linted(version, empty_policy):
        return LineLook(None, wrong, where)
    count = policy.targets.count() if policy else 0
    words = _("“%(policy)s” has %(count)s targets, and each escalates until somebody acts.")
    return LineLook(True, words % {"policy": policy, "count": count}, where)


@checklist_line("rules", gettext_lazy("Rules"), place=40)
def _rules(version: FlowVersion) -> LineLook:
    where = f"{_page(version)}#rules-group"
    if wrong := _linted(version, unreachable_rules, impossible_rules, unknown_skills):
        return LineLook(None, wrong, where)
    count = version.rules.count()
    if not count:
        return LineLook(False, _("Nobody is assigned. Add a rule."), where)
    words = ngettext(
        "The one rule takes every event.",
        "Each of the %(count)s rules can be reached, and the last one takes every event.",
        count,
    )
    return LineLook(True, words % {"count": count}, where)


@checklist_line("runbook", gettext_lazy("Runbook"), place=90)
def _runbook(version: FlowVersion) -> LineLook:
    if version.flow.runbook.strip():
        words = _("There is one. Nobody has tested whether it helps.")
        return LineLook(True, words, _page(version.flow), guess=True)
    words = _("Write what to do when the flow stops, and how to roll it back.")
    return LineLook(False, words, _page(version.flow))


@checklist_line("rollback", gettext_lazy("Rollback version"), place=100)
def _rollback(version: FlowVersion) -> LineLook:
    back = version.rollback_to
    if back is not None:
        words = _("Rolling back publishes %(version)s again.")
        return LineLook(True, words % {"version": back}, _page(back))
    if version.flow.versions.filter(published_at__isnull=False).exists():
        return LineLook(False, _("Name the version to roll back to."), _page(version))
    words = _("It is the first version, so there is nothing to go back to but no flow at all.")
    return LineLook(True, words, _page(version), guess=True)

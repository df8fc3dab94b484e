"""Gates: pure questions about a row that must pass before a step, with answers for people."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from routing.people.actors import Actor

Words = str | Promise  # translated where it is shown, in the reader's language
D_co = TypeVar("D_co", covariant=True)
D_contra = TypeVar("D_contra", contravariant=True)


@dataclass(frozen=True, slots=True)
class GateResult:
    """
    Answer of a gate.

    ``code`` is stable and never translated. ``evidence`` is what the gate looked at, ``clears_by``
    who can unblock the step, and ``where`` the path of a page to do that on, if there is one.
    """

    code: str
    passed: bool
    message: Words
    evidence: Words = ""
    clears_by: Words = ""
    where: str = ""

    @property
    def is_final(self) -> bool:
        """Return whether it is a refusal that nothing a person does would change."""
        if self.passed:
            return False
        return self.code in {"state", "open"} or not (self.clears_by or self.where)


@dataclass(frozen=True, slots=True)
class GateContext:
    """
    Facts for a gate besides the row: actor, time, reason, and facts loaded once for the batch.
    """

    by: Actor
    at: datetime
    reason: str = ""
    facts: Mapping[int, Any] = field(default_factory=dict)  # by the row's primary key
    preview: bool = False  # a button is being drawn: reason and details are not known yet


@dataclass(frozen=True, slots=True)
class ContextWith(GateContext, Generic[D_co]):
    """
    Facts for a gate that also looks at the details of the operation.

    ``details`` is None while a button is being drawn, and where the operation has none.
    """

    details: D_co | None = None


class Gate(Protocol[D_contra]):
    """A gate of operations whose details are of this type, or of any operation."""

    def __call__(self, row: Any, context: ContextWith[D_contra], /) -> GateResult: ...


def passed(code: str, message: Words = "", evidence: Words = "") -> GateResult:
    return GateResult(code, True, message, evidence)


def refused(
    code: str, message: Words, *, evidence: Words = "", clears_by: Words = "", where: str = ""
) -> GateResult:
    return GateResult(code, False, message, evidence, clears_by, where)


# One answer for both, because it must not say if a hidden row exists.
GONE = refused("gone", _("This does not exist, or you cannot see it."), clears_by=_("Nobody"))
OVERTAKEN = refused(
    "overtaken",
    _("Someone else just changed this."),
    clears_by=_("You: reload the page and try again"),
)


def not_held(row: Any, context: GateContext) -> GateResult:
    """Refuses work on hold."""
    item = getattr(row, "item", row)
    if item.held_at is None:
        return passed("hold", _("Not on hold."))
    return refused(
        "hold",
        _("This is on hold."),
        evidence=item.hold_reason,
        clears_by=_("Someone who can resume work"),
    )


def is_open(row: Any, context: GateContext) -> GateResult:
    """Refuses work that has ended."""
    if row.is_open:
        return passed("open", _("Still open."))
    return refused(
        "open",
        _("This work has ended."),
        evidence=row.state,
        clears_by=_("Nobody. Create new work instead"),
    )


def is_mine_or_my_teams(row: Any, context: GateContext) -> GateResult:
    """
    Refuses people who are neither owner nor backup, and may not reassign the team's or all work.
    """
    item, by = getattr(row, "item", row), context.by
    mine = by.user_id in {item.owner_id, item.backup_id}
    my_teams = item.team_id in by.team_ids and by.may("routing.reassign_team_workitem")
    if mine or my_teams or by.may("routing.reassign_any_workitem"):
        return passed("own_or_team", _("You can reassign this."))
    return refused(
        "own_or_team",
        _("Someone else is accountable for this."),
        evidence=str(item.owner) if item.owner else "",
        clears_by=_(
            "The owner, the backup, an account manager of their team or an operations lead"
        ),
    )


def holds_role(roles: Collection[str], row: Any, context: GateContext) -> GateResult:
    """Refuses contacts without one of the listed roles at the client; roles of the agency pass."""
    client = getattr(row, "item", row).client_id
    if context.by.contact_id is None or client in context.by.clients_as(*roles):
        return passed("role")
    return refused(
        "role",
        _("Your role at this client does not allow this."),
        clears_by=_("The agency, by giving you another role"),
    )


def has_reason(row: Any, context: GateContext) -> GateResult:
    """Refuses a step without a reason. Reasons are kept in the history."""
    # While a button is drawn, nobody has had a chance to enter a reason.
    if context.preview or context.reason.strip():
        return passed("reason", _("A reason was given."))
    return refused("reason", _("Enter a reason."), clears_by=_("You"))

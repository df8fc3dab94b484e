"""Changes of calendars and SLA policies, which raise their versions, and the defaults of both."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TypedDict

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils.translation import gettext as _

from routing.kernel.constraints import trading_places
from routing.kernel.roles import AM, AUDITOR, INTEGRATIONS, OPS, QA, grant
from routing.kernel.sql import run
from routing.kernel.tables import Table
from routing.people.actors import Actor
from routing.people.saving import save_with_reason
from routing.sla.calendars import Calendar, CalendarUse
from routing.sla.operations.promises import record_change
from routing.sla.policies import SLAPolicy, Target
from routing.sla.promise_changes import Scope
from routing.work.kinds import models_by_kind

for _noun in ("calendar", "calendaruse", "slapolicy", "target"):
    grant(f"routing.view_{_noun}", AM, QA, OPS, INTEGRATIONS, AUDITOR)
    for _verb in ("add", "change"):
        grant(f"routing.{_verb}_{_noun}", OPS)
for _noun in ("calendaruse", "target"):
    grant(f"routing.delete_{_noun}", OPS)

STANDARD = "standard"


class TargetValues(TypedDict):
    kind: str
    purpose: str
    worktime: timedelta
    runs_in: list[str]
    met_in: list[str]


# States by name, because the models are in packages above. Kinds that are not installed are left
# out.
TRIAGED = ["triaged", "accepted", "in_delivery", "delivered", "closed", "rejected", "duplicate"]
STANDARD_TARGETS: tuple[TargetValues, ...] = (
    TargetValues(
        kind="request",
        purpose="first_look",
        worktime=timedelta(hours=1),
        runs_in=["captured"],
        met_in=["needs_information", *TRIAGED],
    ),
    # No state meets it: see ``first_response``, which says what reached the client.
    TargetValues(
        kind="request",
        purpose="first_response",
        worktime=timedelta(hours=2),
        runs_in=[],
        met_in=[],
    ),
    TargetValues(
        kind="request",
        purpose="triage",
        worktime=timedelta(hours=8),
        runs_in=["captured"],
        met_in=TRIAGED,
    ),
    TargetValues(
        kind="request",
        purpose="resolution",
        worktime=timedelta(hours=85),
        runs_in=[],
        met_in=["delivered", "closed"],
    ),
    TargetValues(
        kind="brief",
        purpose="approval",
        worktime=timedelta(hours=17),
        runs_in=[],
        met_in=["approved"],
    ),
    TargetValues(
        kind="deliverable",
        purpose="delivery",
        worktime=timedelta(hours=85),
        runs_in=[],
        met_in=["approved", "publishing", "live", "handed_over"],
    ),
    TargetValues(
        kind="exceptioncase",
        purpose="resolution",
        worktime=timedelta(hours=4),
        runs_in=[],
        met_in=["resolved", "dismissed"],
    ),
)


# The first response as it was shipped before, which triage met.
FORMERLY = {"runs_in": ["captured"], "met_in": ["needs_information", *TRIAGED]}


def standard() -> SLAPolicy | None:
    """
    Return the policy for work without another one, or None before it exists.
    """
    # Hand-written, because all new work asks for it and a prepared statement takes less time.
    table = Table.of(SLAPolicy)
    found = run(f"SELECT {table.selection('p')} FROM {table.name} p WHERE slug = %s", [STANDARD])
    return table.instance(list(found[0])) if found else None


def save_calendar(
    calendar: Calendar, *, by: Actor, at: datetime, reason: str = "", scope: str = Scope.NEW
) -> None:
    """
    Save a new or edited calendar. A change raises ``version``.

    :param scope: whether open clocks keep their hours, or are counted anew in a moment
    :raises PermissionDenied: if ``by`` may not change calendars
    :raises ValidationError: by field, if hours, dates or country are invalid
    """
    by.require(f"routing.{'change' if calendar.pk else 'add'}_calendar", to="change calendars")
    calendar.full_clean()
    with transaction.atomic():
        # Locked, or two edits at once would both get the same version.
        stored = Calendar.objects.select_for_update().filter(pk=calendar.pk).first()
        if stored is None or _differs(stored, calendar):
            calendar.version = stored.version + 1 if stored else 1
            save_with_reason(calendar, by=by, at=at, reason=reason)
            if stored is not None:
                record_change(calendar, scope, by=by, at=at, reason=reason)


def save_policy(
    policy: SLAPolicy,
    *,
    by: Actor,
    at: datetime,
    targets: Sequence[Target] | None = None,
    reason: str = "",
    scope: str = Scope.NEW,
) -> None:
    """
    Save a policy and, if given, its targets. Any change raises ``version``.

    :param targets: all targets of the policy, new ones unsaved. Others are deleted. None leaves the
        targets alone.
    :param scope: whether open clocks keep their terms, or are counted anew in a moment
    :raises PermissionDenied: if ``by`` may not change SLA policies
    :raises ValidationError: by field; nothing was changed
    """
    by.require(f"routing.{'change' if policy.pk else 'add'}_slapolicy", to="change SLA policies")
    policy.full_clean()
    with transaction.atomic():
        stored = SLAPolicy.objects.select_for_update().filter(pk=policy.pk).first()
        if stored is None:
            policy.version = 1
            save_with_reason(policy, by=by, at=at, reason=reason)
        changed = targets is not None and _save_targets(
            policy, targets, by=by, at=at, reason=reason
        )
        if stored is not None and (changed or _differs(stored, policy)):
            policy.version = stored.version + 1
            save_with_reason(policy, by=by, at=at, reason=reason)
            record_change(policy, scope, by=by, at=at, reason=reason)


def _save_targets(
    policy: SLAPolicy, targets: Sequence[Target], *, by: Actor, at: datetime, reason: str
) -> bool:
    """Save the targets and return whether anything changed."""
    stored = {target.pk: target for target in policy.targets.all()}
    wanted = {target.pk for target in targets}
    gone = [target for key, target in stored.items() if key not in wanted]
    for target in gone:
        # Saved first, because the record of a deletion has neither actor nor reason.
        save_with_reason(target, by=by, at=at, reason=reason)
        target.delete()
    changed = []
    keys = [(target.kind, target.purpose) for target in targets]
    if len(set(keys)) < len(keys):
        raise ValidationError(_("Two targets have the same kind of work and purpose."))
    with trading_places(Target):
        for target in targets:
            target.policy = policy
            # Unique among themselves, as checked above. Two of them may swap what they are about.
            target.full_clean(validate_constraints=False)
            if target.pk not in stored or _differs(stored[target.pk], target):
                save_with_reason(target, by=by, at=at, reason=reason)
                changed.append(target)
    return bool(gone or changed)


def _differs(one: models.Model, other: models.Model) -> bool:
    names = [field.attname for field in one._meta.concrete_fields if field.attname != "version"]
    return any(getattr(one, name) != getattr(other, name) for name in names)


def ensure_defaults(
    *,
    at: datetime,
    timezone: str = "UTC",
    country: str = "",
    region: str = "",
    targets: Sequence[TargetValues] = STANDARD_TARGETS,
) -> SLAPolicy:
    """
    Create the agency's calendar (Monday to Friday, 9:00 to 17:30) and the policy ``standard`` if
    they are missing. Existing rows stay as they are.

    :raises ValidationError: if the time zone, the country or the region is unknown, or the region
        is missing
    """
    by = Actor.system()
    with transaction.atomic():
        if not CalendarUse.objects.filter(team=None, client=None).exists():
            calendar = Calendar.objects.filter(slug="agency").first()
            if calendar is None:
                calendar = Calendar(
                    slug="agency",
                    name="Agency",
                    timezone=timezone,
                    holiday_country=country,
                    holiday_subdivision=region,
                )
                save_calendar(calendar, by=by, at=at, reason="Default")
            save_with_reason(CalendarUse(calendar=calendar), by=by, at=at, reason="Default")
        policy = standard()
        if policy is None:
            policy = SLAPolicy(slug=STANDARD, name="Standard")
            kinds = models_by_kind()
            rows = [Target(**values) for values in targets if values["kind"] in kinds]
            save_policy(policy, by=by, at=at, targets=rows, reason="Default")
        else:
            _correct_first_response(policy, by=by, at=at)
    return policy


def _correct_first_response(policy: SLAPolicy, *, by: Actor, at: datetime) -> None:
    """Bring the first response up to date, unless somebody has edited it."""
    targets = list(policy.targets.all())
    current = next(each for each in STANDARD_TARGETS if each["purpose"] == "first_response")
    found = False
    for target in targets:
        shipped = all(getattr(target, name) == value for name, value in FORMERLY.items())
        if (target.kind, target.purpose) == (current["kind"], current["purpose"]) and shipped:
            target.runs_in, target.met_in = current["runs_in"], current["met_in"]
            found = True
    if found:
        reason = "A first response counts only what reached the client."
        save_policy(policy, by=by, at=at, targets=targets, reason=reason)

"""Facts about questions of a review beside figures: the boundary, the rollback, the people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.utils.translation import gettext as _

from routing.flows.faults import faults
from routing.flows.models import Flow
from routing.flows.review import FlowReview
from routing.people.staff import User

# Columns of a flow that say how far it may reach.
BOUNDARY = ("may_change", "must_hold", "system_of_record", "touches")


def measure_words(review: FlowReview) -> Mapping[str, str]:
    """Return what the rows say about questions, by key, as sentences."""
    was = _boundary_at_publication(review)
    return {
        "boundary_stable": _since(was, review.flow),
        "boundary_looked_at": _boundary_words(was),
        "rollback_valid": _rollback_words(review),
        "checkpoint_owned": _people_words(review.flow),
    }


def _boundary_at_publication(review: FlowReview) -> Mapping[str, object]:
    """Return the boundary of the flow as it was when the version was published."""
    at = review.version.published_at
    records = Flow.history.filter(id=review.flow_id, history_date__lte=at)
    record = records.order_by("-history_date", "-history_id").first() or review.flow
    return {name: getattr(record, name) for name in BOUNDARY}


def _boundary_words(was: Mapping[str, object]) -> str:
    said = [f"{_title(name)}: {_listed(value)}." for name, value in was.items()]
    return " ".join([_("At publication:"), *said])


def _since(was: Mapping[str, object], flow: Flow) -> str:
    changed = [name for name in BOUNDARY if was[name] != getattr(flow, name)]
    if not changed:
        return _("What the flow may change and must hold is as it was at publication.")
    said = [f"{_title(name)}: {_listed(getattr(flow, name))}." for name in changed]
    return " ".join([_("Changed since the publication, now:"), *said])


def _title(name: str) -> str:
    return str(Flow._meta.get_field(name).verbose_name).capitalize()  # type: ignore[union-attr]


def _listed(value: object) -> str:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(map(str, value)) or _("nothing")
    return str(value) or _("nothing")


def _rollback_words(review: FlowReview) -> str:
    """Say whether the rollback version would still work if it were published."""
    back = review.version.rollback_to
    if back is None:
        return _("The version names none to roll back to.")
    values = {"version": back}
    # Each published version has the fault of being published.
    back.published_at = None
    wrong = faults(back)
    if wrong:
        words = _("%(version)s would not work any more: %(why)s")
        return words % {**values, "why": " ".join(wrong)}
    return _("Rolling back publishes %(version)s again, which would still work.") % values


def _people_words(flow: Flow) -> str:
    named = [flow.owner_id, flow.backup_id, flow.outcome_owner_id]
    people = User.objects.filter(pk__in=[each for each in named if each]).order_by("full_name")
    gone = [user.full_name for user in people if not (user.is_active and user.is_staff)]
    if gone:
        return _("Cannot act any more: %(names)s.") % {"names": ", ".join(gone)}
    return _("%(owner)s owns it and %(backup)s is the backup, both active.") % {
        "owner": flow.owner,
        "backup": flow.backup,
    }

"""Triggers of a draft that nobody sent lately."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Max
from django.db.models.fields.json import KeyTextTransform
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from routing.flows.lint import LintFinding, lint, near_to, with_near
from routing.flows.models import FlowVersion, Trigger
from routing.flows.registry import event_kinds
from routing.kernel.events import Event, Payload

LAST_EVENTS = 10_000  # of all kinds, because kinds have no index
LAST_VALUES = 1_000  # events of one kind


@lint
def silent_triggers(version: FlowVersion) -> Iterator[LintFinding]:
    """Find triggers that none of the last events matched, though their system sent others."""
    oldest = (Event.objects.aggregate(newest=Max("pk"))["newest"] or 0) - LAST_EVENTS
    recent = Event.objects.filter(pk__gt=oldest).order_by()
    seen = frozenset(recent.values_list("kind", flat=True).distinct())
    families = {_family(kind) for kind in seen}
    page = reverse("admin:routing_flowversion_change", args=[version.pk])
    for place, trigger in enumerate(version.triggers.order_by("pk")):
        # Another finding is about a kind that nothing sends. A system that sent nothing at all is
        # not connected yet.
        if trigger.kind not in event_kinds() or _family(trigger.kind) not in families:
            continue
        if trigger.kind not in seen:
            near, key = near_to(trigger.kind, seen), "kind"
            said = _("None of the last %(count)s events is of the kind “%(kind)s”.")
        elif trigger.field and trigger.value not in (values := _values(trigger, oldest)):
            near, key = near_to(trigger.value, values), "value"
            said = _("None of the last events of the kind “%(kind)s” has “%(value)s” in %(field)s.")
        else:
            continue
        words = said % {
            "count": number_format(LAST_EVENTS, force_grouping=True),
            "kind": trigger.kind,
            "value": trigger.value,
            "field": trigger.field,
        }
        path = ("triggers", place, key)
        yield LintFinding("silent_trigger", with_near(words, near), page, near, path)


def _family(kind: str) -> str:
    """Return what is the same in all kinds of a system, such as ``hubspot``."""
    return kind.partition(".")[0]


def _values(trigger: Trigger, oldest: int) -> frozenset[str]:
    """Return the values of the trigger's field in the last events of its kind."""
    recent = Payload.objects.filter(
        event__pk__gt=oldest, event__kind=trigger.kind, erased_at=None
    ).order_by("-event_id")
    given = recent.values_list(KeyTextTransform(trigger.field, "body"), flat=True)[:LAST_VALUES]
    return frozenset(value for value in given if value is not None)

"""Triggers of a draft that nobody sent lately."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import Case, Max, Q, TextField, When
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from routing.flows.event_catalogue import changed_keys, kind_words
from routing.flows.lint import LintFinding, lint, near_to, with_near
from routing.flows.models import FlowVersion, Trigger
from routing.flows.registry import event_kinds
from routing.flows.trigger_words import trigger_words
from routing.flows.triggers import may_match
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
            named = tuple(kind_words(each) for each in near)
        elif trigger.field and not _came(trigger, values := _values(trigger, oldest)):
            near, key = near_to(trigger.value, values), str(trigger.operator)
            said = _("None of the last events matches the trigger “%(trigger)s”.")
            named = near
        else:
            continue
        words = said % {
            "count": number_format(LAST_EVENTS, force_grouping=True),
            "kind": kind_words(trigger.kind),
            "trigger": trigger_words(trigger),
        }
        path = ("triggers", place, key)
        yield LintFinding(
            "silent_trigger", with_near(words, named), page, near, path, with_near(words, near)
        )


def _came(trigger: Trigger, values: frozenset[str]) -> bool:
    """Return whether any of these values matches, whatever the value before was."""
    return any(may_match(trigger, value) for value in values)


def _family(kind: str) -> str:
    """Return what is the same in all kinds of a system, such as ``hubspot``."""
    return kind.partition(".")[0]


def _values(trigger: Trigger, oldest: int) -> frozenset[str]:
    """Return the values of the trigger's field in the last events of its kind."""
    recent = Payload.objects.filter(
        event__pk__gt=oldest, event__kind=trigger.kind, erased_at=None
    ).order_by("-event_id")
    own = KeyTextTransform(trigger.field, "body")
    keys = changed_keys(trigger.kind)
    given: Any = own
    if keys is not None:
        # Its events name the field that changed, and have its value apart.
        recent = recent.annotate(changed=KeyTextTransform(keys[0], "body"))
        value = Case(When(changed=trigger.field, then=KeyTextTransform(keys[1], "body")))
        given = Coalesce(own, value, output_field=TextField())
        recent = recent.filter(Q(changed=trigger.field) | Q(body__has_key=trigger.field))
    found = recent.values_list(given, flat=True)[:LAST_VALUES]
    return frozenset(value for value in found if value is not None)

"""The past of a rule, told from one published version of its flow to the next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from routing.flows.models import FlowVersion
from routing.flows.rules import Rule


def versions_of(rule: Rule) -> list[tuple[FlowVersion, Mapping[str, str]]]:
    """
    Return each published version of the rule's flow, oldest first, with the values of the rule of
    this name in it. A version without that rule has none.
    """
    found = FlowVersion.objects.filter(flow=rule.version.flow_id, published_at__isnull=False)
    versions = found.select_related("published_by").prefetch_related(
        "rules__conditions", "rules__team"
    )
    return [(version, _values(version, rule.name)) for version in versions.order_by("number")]


def _values(version: FlowVersion, name: str) -> Mapping[str, str]:
    for row in version.rules.all():
        if row.name == name:
            return values_of(row)
    return {}


def values_of(rule: Any) -> Mapping[str, str]:
    """Return the values of a rule by their labels."""
    conditions = " · ".join(f"{row} ({row.group})" for row in rule.conditions.all())
    return {
        str(_("position")): str(rule.position),
        str(_("team")): str(rule.team),
        str(_("required skills")): ", ".join(rule.skills) or _("none"),
        str(_("prefer account owner")): _("yes") if rule.account_first else _("no"),
        str(_("priority")): str(rule.get_priority_display()),
        str(_("conditions")): conditions or _("always"),
    }

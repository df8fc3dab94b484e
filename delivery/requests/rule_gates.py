"""Gates that ask whether a request is named and tagged as the rule of its client says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from delivery.requests.details import UNCHANGED, EditRequestDetails
from delivery.requests.models import Request
from delivery.requests.rules import NamingRule, rules_of
from routing.kernel.clean_text import one_line
from routing.people.actors import Actor
from routing.work.gates import ContextWith, GateContext, GateResult, passed, refused

EDIT_IT = _("You: edit the request")


def request_rules(
    rows: Sequence[Request], by: Actor, at: datetime, details: object
) -> Mapping[int, NamingRule]:
    """Return the rule of the client of each request."""
    rules = rules_of({row.item.client_id for row in rows})
    return {row.pk: rules[row.item.client_id] for row in rows}


def is_named_by_rule(row: Request, context: GateContext) -> GateResult:
    """Refuses a title that is not built as the rule of the client says."""
    rule: NamingRule = context.facts[row.pk]
    if fault := rule.title_fault(row.item.title):
        return refused("title", fault, evidence=row.item.title, clears_by=EDIT_IT)
    return passed("title")


def is_tagged_by_rule(row: Request, context: GateContext) -> GateResult:
    """Refuses a request without a tag where the client's rule requires one."""
    rule: NamingRule = context.facts[row.pk]
    if fault := rule.tags_fault(row.tags):
        return refused("tags", fault, clears_by=EDIT_IT)
    return passed("tags")


def edit_keeps_rule(row: Request, context: ContextWith[EditRequestDetails]) -> GateResult:
    """Refuses another title that does not fit the rule, and tags that are not the client's."""
    details = context.details
    if details is None:
        return passed("title")
    rule: NamingRule = context.facts[row.pk].rule
    title, tags = details.title, details.tags
    # A title that was there before, such as a client's own, may stay until the request is accepted.
    changed = isinstance(title, str) and one_line(title) != row.item.title
    if changed and (fault := rule.title_fault(one_line(str(title)))):
        return refused("title", fault, clears_by=_("You"))
    if tags is not UNCHANGED:
        # A command may send anything. A list and no set: what it sends may have no hash.
        known = [*rule.tags, *row.tags]
        readable = isinstance(tags, list | tuple)
        unknown = [tag for tag in tags if tag not in known] if readable else [tags]
        if unknown:
            words = _("Choose among the tags of the client: %(tags)s.")
            return refused(
                "tags",
                words % {"tags": ", ".join(rule.tags) or _("none")},
                evidence=", ".join(map(str, unknown)),
                clears_by=_("You"),
            )
    return passed("title")

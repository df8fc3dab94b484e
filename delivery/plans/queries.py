"""Which templates a request is offered, and which one it gets by default."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from django.db.models import Q, QuerySet

from delivery.plans.models import PlanTemplate, PlanTemplateVersion


def templates_for(client: int | None) -> QuerySet[PlanTemplate]:
    """Return the active templates for work of this client, by name."""
    mine = Q(client=None)
    if client is not None:
        mine |= Q(client=client)
    return PlanTemplate.objects.filter(mine, is_active=True).order_by("name")


def default_templates(
    wanted: Collection[tuple[str, int | None]],
) -> Mapping[tuple[str, int | None], PlanTemplate]:
    """
    Return the default template by kind of work and client, where there is one.

    That of the client comes before that for all clients. This takes one query.
    """
    rows = PlanTemplate.objects.filter(is_default=True, kind__in={kind for kind, _client in wanted})
    known = {(row.kind, row.client_id): row for row in rows}
    found = {}
    for kind, client in wanted:
        row = known.get((kind, client)) or known.get((kind, None))
        if row is not None:
            found[kind, client] = row
    return found


def newest_versions(templates: Collection[int]) -> Mapping[int, PlanTemplateVersion]:
    """Return the newest version of each template by the id of the template."""
    rows = (
        PlanTemplateVersion.objects.filter(template__in=templates)
        .select_related("template")
        .order_by("template_id", "-number")
        # DISTINCT ON keeps the first row of each template in this order.
        .distinct("template_id")
    )
    return {row.template_id: row for row in rows}

"""Templates for tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from delivery.plans.lines import TemplateLine
from delivery.plans.models import PlanTemplate, PlanTemplateVersion
from delivery.plans.operations import TemplateContent, save_template
from delivery.plans.relative import read_offset
from routing.kernel.roles import CREATIVE
from tests.world import NOW, World, by

LAUNCH = (("Landing page", "D-5"), ("Mail", "D-2"), ("Ad", "D"))


def lines(*written: tuple[str, str]) -> tuple[TemplateLine, ...]:
    return tuple(
        TemplateLine(title, "page", CREATIVE.value, read_offset(due) if due else None)
        for title, due in written
    )


def make_template(
    world: World, written: Sequence[tuple[str, str]] = LAUNCH, *, body: str = "", **fields: Any
) -> PlanTemplateVersion:
    """Return the first version of a template for all clients."""
    row = PlanTemplate(**{"name": "Launch"} | fields)
    return save_template(row, TemplateContent(body, lines(*written)), by=by(world.olga), at=NOW)

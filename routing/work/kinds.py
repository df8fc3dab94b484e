"""The nouns that hold a work item, found by the item's kind."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.apps import apps
from django.utils.safestring import SafeString

from routing.work.display import badge
from routing.work.items import WorkItem, WorkNoun


@cache
def nouns() -> dict[str, type[WorkNoun]]:
    return {
        str(model._meta.model_name): model
        for model in apps.get_models()
        if issubclass(model, WorkNoun)
    }


def state_badge(kind: str, state: str) -> SafeString:
    """The state in its noun's own words."""
    model = nouns().get(kind)
    choices: Any = getattr(model, "State", None)
    label = choices(state).label if choices is not None and state in choices.values else state
    return badge(label, TONES.get((kind, state), "plain"))


TONES: dict[tuple[str, str], str] = {}


def tone(model: type[WorkNoun], **tones: str) -> None:
    """Say how states of a noun look, such as ``accepted="good"``."""
    TONES.update({(str(model._meta.model_name), state): name for state, name in tones.items()})


def kind_label(item: WorkItem) -> str:
    model = nouns().get(item.kind)
    return str(model._meta.verbose_name).capitalize() if model else item.kind

"""The models that have a work item, by the item's kind."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.apps import apps
from django.utils.safestring import SafeString

from routing.work.display import badge
from routing.work.items import WorkItem, WorkNoun


@cache
def models_by_kind() -> dict[str, type[WorkNoun]]:
    """Return every model that has a work item, by the kind of its items."""
    return {
        str(model._meta.model_name): model
        for model in apps.get_models()
        if issubclass(model, WorkNoun)
    }


def state_label(kind: str, state: str) -> str:
    """Return the model's own label for a state."""
    choices: Any = getattr(models_by_kind().get(kind), "State", None)
    return str(choices(state).label) if choices and state in choices.values else state


def state_badge(kind: str, state: str) -> SafeString:
    return badge(state_label(kind, state), TONES.get((kind, state), "plain"))


TONES: dict[tuple[str, str], str] = {}


def tone(model: type[WorkNoun], **tones: str) -> None:
    """Set the tones of a model's states, such as ``accepted="good"``."""
    TONES.update({(str(model._meta.model_name), state): name for state, name in tones.items()})


def kind_label(item: WorkItem) -> str:
    model = models_by_kind().get(item.kind)
    return str(model._meta.verbose_name).capitalize() if model else item.kind

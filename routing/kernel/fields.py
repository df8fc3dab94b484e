"""Fields of models."""

from __future__ import annotations

from typing import Any

from django_fsm import FSMField


class StateField(FSMField):
    """
    The state of a machine: django-fsm's field, and plain text in migrations.

    Nothing moves there, and each state of an app that a migration renders would leave django-fsm
    one more receiver that hears of every model rendered after it: half the time of a first start.
    """

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        name, _path, args, options = super().deconstruct()
        options.pop("protected", None)
        return name, "django.db.models.CharField", args, options

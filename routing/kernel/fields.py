"""Fields of models."""

from __future__ import annotations

from typing import Any

from django_fsm import FSMField


class StateField(FSMField):
    """
    The state of a machine: django-fsm's field, and a plain ``CharField`` in migrations.
    """

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        # Migrations make no transitions. With the real field, every app state that a migration
        # renders would add a django-fsm receiver, and each is called for every model rendered
        # later. That took half the time of a first start.
        name, _path, args, options = super().deconstruct()
        options.pop("protected", None)
        return name, "django.db.models.CharField", args, options

"""
History of changes with author, time and reason: django-simple-history, cut down to what the audit
trail needs.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import models
from django.http import HttpRequest
from simple_history.models import HistoricalRecords


def responsible(instance: models.Model, request: HttpRequest | None, **_: Any) -> Any:
    """Return the signed-in person, or the system's service user in commands and tasks."""
    if request is not None:
        return request.user
    return get_user_model().objects.system()


class Tracked(HistoricalRecords):
    """
    History that always names an actor, with one index instead of one for each foreign key.

    The door writes these tables itself, with the same columns. Rows that the ORM saves, such as
    clients and teams, go through simple-history. ``_change_reason`` on the instance is the reason.

    ``verify`` compares each row with its newest history. A model names in ``beside_history`` the
    columns that also change without a record of history, because something else records them, and
    in ``made_without_history`` the values of rows that are made without one. No values are all
    rows.
    """

    def __init__(self, *, excluded_fields: tuple[str, ...] = ()) -> None:
        super().__init__(
            history_id_field=models.BigAutoField(),
            history_change_reason_field=models.TextField(blank=True, default=""),
            get_user=responsible,
            excluded_fields=list(excluded_fields),
        )

    def copy_fields(self, model: type[models.Model]) -> dict[str, models.Field[Any, Any]]:
        """Return the model's fields without their indexes."""
        # History is read by object and date, for which there is one index. Each further index
        # would cost every write of the door and be used by nobody.
        fields: dict[str, models.Field[Any, Any]] = super().copy_fields(model)
        for field in fields.values():
            field.db_index = False  # type: ignore[attr-defined]  # the stubs lack it
        return fields

    def get_meta_options(self, model: type[models.Model]) -> dict[str, Any]:
        options: dict[str, Any] = super().get_meta_options(model)
        return options | {
            "indexes": [
                models.Index(
                    fields=["id", "history_date"], name=f"hist_{model._meta.model_name}_idx"[:30]
                )
            ],
            "default_permissions": ("view",),
        }

    def get_change_reason_for_object(
        self, instance: models.Model, history_type: str, using: str | None
    ) -> str:
        return getattr(instance, "_change_reason", None) or ""

    def _get_history_user_fields(self) -> dict[str, models.Field[Any, Any]]:
        """Return a foreign key to the actor without a constraint and without an index."""
        # Users are never deleted, and the audit by person reads Event. simple-history has an option
        # for the constraint but none for the index, hence the override.
        user = models.ForeignKey(
            settings.AUTH_USER_MODEL,
            on_delete=models.DO_NOTHING,
            related_name="+",
            db_constraint=False,
            db_index=False,
        )
        return {"history_user": user}

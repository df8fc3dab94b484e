"""Clients that turned out to be the same company: one is the other's alias from then on."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from routing.kernel.history import Tracked
from routing.people.clients import Client
from routing.people.staff import User

TAKE_BACK_WITHIN = timedelta(days=7)


class ClientMergeQuerySet(models.QuerySet["ClientMerge"]):
    def current(self) -> Self:
        """Filter for merges that were not taken back."""
        return self.filter(ended_at=None)


class ClientMerge(models.Model):
    """
    What comes in for ``alias`` goes to ``into`` from then on. Nothing that exists is moved.

    It can be taken back within a week. What came in meanwhile stays where it is.
    """

    redactable = ("reason",)

    alias = models.ForeignKey(
        Client, on_delete=models.PROTECT, related_name="merges", verbose_name=_("alias")
    )
    into = models.ForeignKey(
        Client, on_delete=models.PROTECT, related_name="aliases", verbose_name=_("merged into")
    )
    reason = models.CharField(_("reason"), max_length=500)
    by = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="+", db_index=False, verbose_name=_("by")
    )
    at = models.DateTimeField(_("at"))
    ended_at = models.DateTimeField(_("taken back"), null=True)

    objects = ClientMergeQuerySet.as_manager()
    history = Tracked()

    class Meta:
        verbose_name = _("client merge")
        verbose_name_plural = _("client merges")
        ordering = ("-id",)
        default_permissions = ("view",)
        constraints = (
            models.UniqueConstraint(
                fields=("alias",),
                condition=models.Q(ended_at=None),
                name="client_merged_once",
                violation_error_message=_("This client is merged already."),
            ),
            models.CheckConstraint(
                condition=~models.Q(alias=models.F("into")), name="client_not_merged_into_itself"
            ),
        )

    def __str__(self) -> str:
        return f"{self.alias} → {self.into}"

    def can_be_taken_back(self, at: datetime) -> bool:
        return self.ended_at is None and at <= self.at + TAKE_BACK_WITHIN


def current_merges(clients: Collection[int] | None = None) -> dict[int, Client]:
    """
    Return the client that each alias was merged into, by the alias's id.

    :param clients: only these aliases, None for all
    """
    found = ClientMerge.objects.current().select_related("into")
    if clients is not None:
        found = found.filter(alias__in=clients)
    return {row.alias_id: row.into for row in found}


def without_aliases(clients: Iterable[Client], merged: Mapping[int, Client]) -> list[Client]:
    """Return each client, or the one that it was merged into, once and in this order."""
    found: dict[int, Client] = {}
    for client in clients:
        seen: set[int] = set()
        while client.pk in merged and client.pk not in seen:
            seen.add(client.pk)
            client = merged[client.pk]  # noqa: PLW2901  # the next of the chain
        found[client.pk] = client
    return list(found.values())


def survivor_of(client: Client) -> Client:
    """Return the client that this one was merged into, over any number of merges, or itself."""
    merged = current_merges([client.pk])
    # Most clients are no alias, and then nothing more is read.
    return without_aliases([client], current_merges())[0] if merged else client

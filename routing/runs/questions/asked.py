"""A piece of work that the ten questions are asked about, with its rows, each read once."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.db.models import Q, QuerySet

from routing.kernel.events import Event
from routing.people.actors import Actor
from routing.people.clients import Client
from routing.people.staff import User
from routing.runs.by_hand import HandRecord, hand_records
from routing.runs.decisions import Decision
from routing.runs.exceptions import ExceptionCase
from routing.runs.models import Enrichment, Run
from routing.work.items import WorkItem, WorkItemQuerySet
from routing.work.kinds import models_by_kind
from routing.work.saves import Names, Save, loaded, newest_records, saves_in, with_events
from routing.work.visibility import clients_seen_by, work_seen_by

LIMIT = 400  # own events; older ones stay in the database
MOST_BELOW = 200  # parts


@dataclass
class AskedWork:
    """
    The work, and the instant of the question.

    ``by`` is the reader. None is the operator of the command, who sees everything.
    """

    item: WorkItem
    at: datetime
    by: Actor | None = None

    @classmethod
    def items(cls) -> WorkItemQuerySet:
        """Return work items with the relations that the answers read."""
        return WorkItemQuerySet(WorkItem).select_related(
            "client__owner",
            "client__backup",
            "owner",
            "backup",
            "doer",
            "team__lead",
            "parent__owner",
            "held_by",
            "run__item",
            "run__flow__owner",
            "run__flow__backup",
            "run__version",
            "run__follows__item",
        )

    @cached_property
    def noun(self) -> Any:
        """Return the request, run etc. of the work item, or None if its row is gone."""
        if self.item.kind == "run" and self.run is not None:
            self.run.item = self.item
            return self.run
        model = models_by_kind().get(self.item.kind)
        if model is None:
            return None
        row = model._base_manager.filter(item=self.item.pk).first()
        if row is not None:
            row.item = self.item
        return row

    @property
    def model(self) -> Any:
        return models_by_kind().get(self.item.kind)

    @property
    def run(self) -> Run | None:
        return self.item.run

    @property
    def kind(self) -> str:
        return self.item.kind

    @property
    def kind_name(self) -> str:
        return str(self.model._meta.verbose_name) if self.model else self.kind

    @cached_property
    def seen(self) -> WorkItemQuerySet:
        return WorkItemQuerySet(WorkItem) if self.by is None else work_seen_by(self.by)

    @property
    def clients(self) -> QuerySet[Client]:
        return Client.objects.all() if self.by is None else clients_seen_by(self.by)

    @cached_property
    def below(self) -> Sequence[WorkItem]:
        """Return the visible work below it, of a run all of its work, in the order of creation."""
        item = self.item
        if item.kind == "run" and item.run_id:
            about = Q(run=item.run_id)
        else:
            about = Q(parent=item.pk) | Q(parent__parent=item.pk)
            about |= Q(parent__parent__parent=item.pk)
        found = self.seen.filter(about).exclude(pk=item.pk).select_related("owner", "backup")
        return list(found.order_by("pk")[:MOST_BELOW])

    @cached_property
    def items_by_id(self) -> Mapping[int, WorkItem]:
        """Return the work and everything below it by id, the work first."""
        return {each.pk: each for each in (self.item, *self.below)}

    def called(self, item_id: int | None) -> str:
        """Return a reference to begin a sentence about a part with; nothing for the work itself."""
        item = self.items_by_id.get(item_id or 0)
        return "" if item is None or item.pk == self.item.pk else f"{item.ref}: "

    # -- Events and history ------------------------------------------------------------------------

    @cached_property
    def events(self) -> Sequence[Event]:
        """Return its own events, oldest first."""
        rows = Event.objects.filter(item=self.item.pk).select_related("actor")
        return list(rows.order_by("-id")[:LIMIT])[::-1]

    @cached_property
    def creation(self) -> Event | None:
        made = (event for event in self.events if event.kind.endswith(".create"))
        return next(made, None)

    @cached_property
    def noun_saves(self) -> Sequence[Save]:
        return saves_in(newest_records(self.noun)) if self.noun is not None else []

    @cached_property
    def item_saves(self) -> Sequence[Save]:
        return saves_in(newest_records(self.item))

    @cached_property
    def matched(self) -> tuple[Mapping[int, Sequence[Save]], Sequence[Save]]:
        """Return the saves of each event, and those without an event."""
        return with_events(self.events, self.noun_saves, self.item_saves, self.kind)

    def saves_of(self, event: Event | None) -> Sequence[Save]:
        return self.matched[0].get(event.pk, ()) if event is not None else ()

    def record_of(self, event: Event | None) -> Save | None:
        """
        Return the save of the row that an event is about, or None if history lacks it.

        It has the reason. The work item may have a record of the same step, with the same reason.
        """
        model = event.kind.split(".")[1] if event is not None else ""
        for save in self.saves_of(event):
            if save.record.instance_type._meta.model_name == model:
                return save
        return None

    @cached_property
    def names(self) -> Names:
        """Return the names of people and of the values in its history."""
        users = {self.item.owner_id, self.item.backup_id, self.item.doer_id}
        for save in (*self.noun_saves, *self.item_saves):
            users.add(save.by_id)
        for record in (save.record for save in self.item_saves):
            users |= {record.owner_id, record.backup_id, record.doer_id}
        values = []
        if self.noun is not None:
            values = [(each, getattr(self.noun, each.attname)) for each in self.noun._meta.fields]
        return Names(
            [*self.noun_saves, *self.item_saves],
            {user for user in users if user},
            loaded(self.item, self.item.client, self.run, self.noun, *self.events),
            values,
        )

    # -- The run -----------------------------------------------------------------------------------

    @cached_property
    def enrichments(self) -> Sequence[Enrichment]:
        """Return what was known of the run at each time, oldest first."""
        if self.run is None:
            return []
        return list(self.run.enrichments.select_related("by").order_by("id"))

    @cached_property
    def recorded(self) -> HandRecord | None:
        """Return what a person recorded by hand, if that started the run."""
        return hand_records([self.run]).get(self.run.pk) if self.run is not None else None

    @cached_property
    def decisions(self) -> Sequence[Decision]:
        """Return the decisions of the run, oldest first."""
        if self.run is None:
            return []
        return list(self.run.decisions.select_related("version__flow").order_by("id"))

    @cached_property
    def considered(self) -> Mapping[int, str]:
        """Return the names of the people whom the newest decision considered or chose."""
        if not self.decisions:
            return {}
        newest = self.decisions[-1]
        rulings = json.loads(newest.answer)["rulings"]
        ids = {each["user_id"] for each in rulings} | {newest.owner_id, newest.backup_id}
        return dict(User.objects.filter(pk__in=ids).values_list("pk", "full_name"))

    @cached_property
    def cases(self) -> Sequence[ExceptionCase]:
        """Return the exceptions about this work or that block its run, oldest first."""
        about = Q(item__parent=self.item.pk)
        if self.run is not None and self.kind == "run":
            about = Q(run=self.run.pk)
        elif self.run is not None:
            about |= Q(run=self.run.pk, blocking=True)
        rows = ExceptionCase.objects.filter(about).exclude(item=self.item.pk)
        return list(rows.select_related("item__owner", "item__backup").order_by("pk"))

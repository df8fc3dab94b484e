"""What figures are grouped by: columns of the work, columns of their own, and periods."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.db.models import BigIntegerField, Case, DateField, F, Model, Value, When
from django.db.models.functions import Trunc
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from routing.flows.models import Flow
from routing.people.actors import Actor
from routing.people.clients import Client
from routing.people.merges import current_merges, without_aliases
from routing.people.staff import Team, User
from routing.sla.compliance import kind_in_words
from routing.work.gates import Words
from routing.work.items import WorkItem
from routing.work.kinds import state_label
from routing.work.visibility import clients_seen_by


class Group(NamedTuple):
    """A value of a dimension: as commands and addresses name it, and as screens show it."""

    key: str | None
    label: str


class BadKey(ValueError):
    """A key is no period."""


@dataclass(frozen=True, kw_only=True)
class Dimension:
    """
    One column that rows are grouped by.

    ``path`` leads to it, from the work item of a row if it is ``of_item``. If the column holds the
    id of a row of ``model``, ``key`` and ``label`` are columns of that. ``words`` are the label of
    any other value. ``period`` is the part of a date to which the instant of a row is cut.
    """

    name: str
    title: Words
    path: str = ""
    of_item: bool = False
    model: type[Model] | None = None
    key: str = ""
    label: str = ""
    words: Callable[[Any], Words] = str
    period: str = ""

    def groups(self, values: Iterable[Any]) -> Mapping[Any, Group]:
        """Return the group of each value that was read from the database, in one statement."""
        found: dict[Any, Group] = {None: Group(None, _now("None"))}
        known = [value for value in values if value is not None]
        if self.model is not None:
            rows = self.model._default_manager.filter(pk__in=known)
            for pk, key, label in rows.values_list("pk", self.key, self.label):
                found[pk] = Group(str(key), str(label))
        else:
            found |= {value: Group(self.key_of(value), str(self.words(value))) for value in known}
        return found

    def key_of(self, value: Any) -> str:
        return period_key(self.period, value) if self.period else str(value)

    def value_of(self, key: str) -> Any:
        """
        Return the value in the database of a key, None if no row of the model has it.

        :raises BadKey: if it is no period
        """
        if self.period:
            return read_period(self.period, key)
        if self.model is None:
            return key
        found = self.model._default_manager.filter(**{self.key: key}).first()
        return found and found.pk


def column(dimension: Dimension, item: str, at: str, actor: Actor, zone: ZoneInfo) -> Any:
    """
    Return the expression for rows whose work item is found by ``item``, empty for work items.

    Work of a client that was merged into another counts for that one, if the actor may see it.
    """
    if dimension.period:
        return Trunc(at, dimension.period, output_field=DateField(), tzinfo=zone)
    path = f"{item}__{dimension.path}" if dimension.of_item and item else dimension.path
    return survivor(path, actor) if dimension.model is Client else F(path)


def survivor(path: str, actor: Actor) -> Any:
    """Return the client of a row, or the one that it was merged into, directly or in turn."""
    merged = current_merges()
    if not merged:
        return F(path)
    aliases = Client.objects.in_bulk(list(merged))
    into = {pk: without_aliases([alias], merged)[0].pk for pk, alias in aliases.items()}
    seen = set(clients_seen_by(actor).filter(pk__in=into.values()).values_list("pk", flat=True))
    moved = [When(**{path: pk}, then=Value(to)) for pk, to in into.items() if to in seen]
    return Case(*moved, default=F(path), output_field=BigIntegerField()) if moved else F(path)


def period_key(period: str, day: date) -> str:
    """Return the key of the period that begins on this day, such as 2026-W48 or 2026-Q4."""
    if period == "week":
        year, week, _day = day.isocalendar()
        return f"{year}-W{week:02}"
    if period == "quarter":
        return f"{day.year}-Q{(day.month + 2) // 3}"
    return day.isoformat()[: {"year": 4, "month": 7}.get(period, 10)]


def read_period(period: str, key: str) -> date:
    """
    Return the first day of a period.

    :raises BadKey: if the key is not one of such a period
    """
    try:
        if period == "week":
            year, week = key.split("-W")
            found = date.fromisocalendar(int(year), int(week), 1)
        elif period == "quarter":
            year, quarter = key.split("-Q")
            found = date(int(year), int(quarter) * 3 - 2, 1)
        else:
            found = date.fromisoformat(key + {"year": "-01-01", "month": "-01"}.get(period, ""))
    except ValueError:
        raise BadKey(f"“{key}” is not a {period}.") from None
    return found


def priority_words(value: Any) -> Words:
    return WorkItem.Priority(int(value)).label


def state_of(kind: str) -> Callable[[Any], Words]:
    """Return the words for states of one kind of work."""
    return lambda state: state_label(kind, state)


def person(name: str, title: Words, path: str, *, of_item: bool = False) -> Dimension:
    """Return a grouping by people of the agency, known by their e-mail addresses."""
    return Dimension(
        name=name,
        title=title,
        path=path,
        of_item=of_item,
        model=User,
        key="email",
        label="full_name",
    )


FLOW = Dimension(
    name="flow",
    title=_("Flow"),
    path="run__flow",
    of_item=True,
    model=Flow,
    key="slug",
    label="name",
)
CLIENT = Dimension(
    name="client",
    title=_("Client"),
    path="client",
    of_item=True,
    model=Client,
    key="code",
    label="name",
)
TEAM = Dimension(
    name="team", title=_("Team"), path="team", of_item=True, model=Team, key="name", label="name"
)
OWNER = person("owner", _("Owner"), "owner", of_item=True)
KIND = Dimension(
    name="kind", title=_("Kind of work"), path="kind", of_item=True, words=kind_in_words
)
PRIORITY = Dimension(
    name="priority", title=_("Priority"), path="priority", of_item=True, words=priority_words
)
OF_WORK: Sequence[Dimension] = (FLOW, CLIENT, TEAM, OWNER, KIND, PRIORITY)
PERIODS: Sequence[Dimension] = tuple(
    Dimension(name=name, title=title, period=name)
    for name, title in (
        ("day", _("Day")),
        ("week", _("Week")),
        ("month", _("Month")),
        ("quarter", _("Quarter")),
        ("year", _("Year")),
    )
)

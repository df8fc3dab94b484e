"""Filters by people, clients and teams, which are many and found by typing a name."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from routing.desk.base import actor
from routing.desk.several import (
    MOST_NAMES,
    MOST_NEAR,
    AtItem,
    ChosenValue,
    SeveralValues,
    nearest,
)
from routing.people.staff import Team, User
from routing.work.visibility import clients_seen_by, contacts_seen_by

ME = "me"
MOST_DIGITS = 18  # any number of 18 digits fits into a bigint


def is_key(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS


class FoundByName(SeveralValues, ABC):
    """
    A filter by rows that have a name and perhaps a code, which an address may have as well.

    Only rows that the reader may see are found, so an address tells nothing about others.
    """

    typed = True
    name_column = "name"
    code_column = ""

    @abstractmethod
    def rows(self) -> QuerySet[Any]:
        """Return the rows that the reader may see."""

    def read(self, given: Sequence[str]) -> list[ChosenValue]:
        keys = [int(each) for each in given if is_key(each)]
        wanted = Q(pk__in=keys)
        codes = [each for each in given if not is_key(each)]
        if self.code_column:
            for each in codes:
                wanted |= Q(**{f"{self.code_column}__iexact": each})
        elif not keys:
            return []
        found: dict[str, ChosenValue] = {}
        for pk, name, code in self._named(self.rows().filter(wanted)):
            for each in given:
                if each == str(pk) or (code and each.casefold() == code.casefold()):
                    found[each] = ChosenValue(each, pk, name)
        return [found[each] for each in given if each in found]

    def find(self, text: str) -> list[ChosenValue]:
        rows, name = self.rows(), self.name_column
        exact = Q(**{f"{name}__iexact": text})
        if self.code_column:
            exact |= Q(**{f"{self.code_column}__iexact": text})
        found = self._some(rows.filter(exact))
        return found or self._some(rows.filter(**{f"{name}__icontains": text}))

    def near(self, text: str) -> list[ChosenValue]:
        rows = [
            ChosenValue(str(pk), pk, name)
            for pk, name, _code in self._named(self.rows())[:MOST_NAMES]
        ]
        return nearest(text, rows)

    def _some(self, rows: QuerySet[Any]) -> list[ChosenValue]:
        named = self._named(rows)[: MOST_NEAR + 1]
        return [ChosenValue(str(pk), pk, name) for pk, name, _code in named]

    def _named(self, rows: QuerySet[Any]) -> Any:
        code = self.code_column or self.name_column
        return rows.order_by(self.name_column, "pk").values_list("pk", self.name_column, code)


class OfPerson(FoundByName):
    name_column = "full_name"
    code_column = "email"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        # A list of all people would cost a query on every page.
        return [(ME, _("Me"))]

    def rows(self) -> QuerySet[Any]:
        # Those who left too: ended work still names them.
        return User.objects.people().filter(is_staff=True)

    def read(self, given: Sequence[str]) -> list[ChosenValue]:
        found = super().read([each for each in given if each != ME])
        if ME in given:
            me = ChosenValue(ME, actor(self.request).user_id, str(_("Me")))
            found.insert(0, me)
        return found


class OfPersonAtItem(AtItem, OfPerson):
    """A filter by a person of the work item."""


class OfOwner(OfPersonAtItem):
    """Filter by the person who is accountable, without work that they only back up."""

    title = _("owner")
    parameter_name = "owner"
    other_names = ("of",)
    column = "owner"


class OfBackup(OfPersonAtItem):
    title = _("backup")
    parameter_name = "backup"
    column = "backup"


class OwnerOfClient(OfPerson):
    title = _("owner")
    parameter_name = column = "owner"


class BackupOfClient(OfPerson):
    title = _("backup")
    parameter_name = column = "backup"


class ByPerson(OfPerson):
    """Filter by who did it: staff, the system, and contacts that the reader may see."""

    title = _("by")
    parameter_name = "person"
    column = "actor"

    def rows(self) -> QuerySet[Any]:
        contacts = contacts_seen_by(actor(self.request)).order_by().values("user")
        staff = Q(is_staff=True) | Q(kind=User.Kind.SERVICE)
        return User.objects.filter(staff | Q(pk__in=contacts))


class OfClient(AtItem, FoundByName):
    title = _("client")
    parameter_name = column = "client"
    code_column = "code"

    def rows(self) -> QuerySet[Any]:
        return clients_seen_by(actor(self.request))


class OfClientDirectly(OfClient):
    """Filter for rows that belong to a client without being work."""

    @property
    def at(self) -> str:
        return ""


class OfTeam(AtItem, FoundByName):
    title = _("team")
    parameter_name = column = "team"
    other_names = ("team__id__exact",)

    def rows(self) -> QuerySet[Any]:
        return Team.objects.all()


class TeamOfClient(OfTeam):
    @property
    def at(self) -> str:
        return ""

"""
Filters by the request behind a piece of work: its tags, its channel and its campaign. They stand on
the lists of requests and of what is made for them, and on the list of all work.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import Any, ClassVar

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy

from delivery.approvals.models import Approval
from delivery.briefs.models import Brief
from delivery.campaigns.models import Campaign
from delivery.deliverables.models import Deliverable
from delivery.requests.models import Request
from delivery.requests.rules import RequestRule
from routing.desk.base import actor
from routing.desk.filters import filter_work_by
from routing.desk.found_filters import FoundByName
from routing.desk.several import ChosenValue, SeveralValues, nearest
from routing.work.items import WorkItem
from routing.work.visibility import clients_seen_by, work_seen_by

# Of each kind of work, the lookup of its request. The request itself has none.
REQUEST_OF: dict[type[Any], str] = {
    Request: "",
    Brief: "request",
    Campaign: "request",
    Deliverable: "request",
    Approval: "version__deliverable__request",
}


class OfRequest(SeveralValues, ABC):
    """A filter by a property of the request."""

    @abstractmethod
    def of_request(self, values: Sequence[Any]) -> Q:
        """Return the condition on requests."""

    def condition(self, values: Sequence[Any]) -> Q:
        found = Request.objects.filter(self.of_request(values)).order_by()
        if self.model is WorkItem:
            # A UNION, since an OR over several tables could use no index.
            first, *others = (_items(kind, path, found) for kind, path in REQUEST_OF.items())
            return Q(pk__in=first.union(*others, all=True))
        if self.model is Request:
            return self.of_request(values)
        return Q(**{f"{REQUEST_OF[self.model]}__in": found.values("pk")})


def _items(kind: type[Any], path: str, requests: QuerySet[Request]) -> QuerySet[Any]:
    if not path:
        return requests.values("item")
    of_them = kind._base_manager.filter(**{f"{path}__in": requests.values("pk")})
    items: QuerySet[Any] = of_them.order_by().values("item")
    return items


class OfTag(OfRequest):
    title = gettext_lazy("tag")
    parameter_name = "tag"
    typed = True
    splits: ClassVar[bool] = False  # a tag may have a comma

    def read(self, given: Sequence[str]) -> list[ChosenValue]:
        known = self._tags()
        return [ChosenValue(each, each, each) for each in given if each in known]

    def find(self, text: str) -> list[ChosenValue]:
        folded = text.casefold()
        return [ChosenValue(t, t, t) for t in self._tags() if t.casefold() == folded]

    def near(self, text: str) -> list[ChosenValue]:
        return nearest(text, [ChosenValue(tag, tag, tag) for tag in self._tags()])

    def _tags(self) -> list[str]:
        """Return the tags that the rules of the clients name, which the reader may see."""
        # Requests take their tags from these rules.
        clients = clients_seen_by(actor(self.request)).order_by()
        rules = RequestRule.objects.filter(Q(client=None) | Q(client__in=clients)).order_by()
        found: dict[str, None] = {}
        for tags in rules.values_list("tags", flat=True):
            found |= dict.fromkeys(tags)
        return sorted(found)

    def of_request(self, values: Sequence[Any]) -> Q:
        return reduce(or_, (Q(tags__contains=[tag]) for tag in values), Q(pk__in=[]))


class OfChannel(OfRequest):
    title = gettext_lazy("channel")
    parameter_name = "channel"

    def lookups(self, request: Any, model_admin: Any) -> Any:
        return Request.Channel.choices

    def of_request(self, values: Sequence[Any]) -> Q:
        return Q(channel__in=values)


class OfCampaign(OfRequest, FoundByName):
    title = gettext_lazy("campaign")
    parameter_name = "campaign"
    name_column = "item__title"
    code_column = "item__ref"

    def rows(self) -> QuerySet[Any]:
        seen = work_seen_by(actor(self.request)).order_by()
        return Campaign.objects.filter(item__in=seen)

    def of_request(self, values: Sequence[Any]) -> Q:
        return Q(campaign__in=values)


OF_REQUEST = (OfTag, OfChannel, OfCampaign)
filter_work_by(*OF_REQUEST)

"""Filters whose choices are plain links."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from django.contrib.admin import SimpleListFilter
from django.utils.translation import gettext_lazy as _


class LinkListFilter(SimpleListFilter):
    """A filter whose choices are plain links, so that there may be many."""

    template = "desk/choices.html"

    def choices(self, changelist: Any) -> Iterator[Any]:
        address, chosen = changelist.get_query_string(remove=[self.parameter_name]), self.value()
        joined = address if address == "?" else f"{address}&"
        yield {"selected": chosen is None, "query_string": address, "display": _("All")}
        for value, label in self.lookup_choices:
            yield {
                "selected": chosen == str(value),
                "query_string": f"{joined}{self.parameter_name}={quoted(str(value))}",
                "display": label,
            }


def quoted(value: str) -> str:
    # Most values are ids, which need no quotes: looking at each sign takes ten times as long.
    return value if value.isascii() and value.isalnum() else quote(value)

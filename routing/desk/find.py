"""The search of the desk: one box on every page, and the page of results."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from routing.desk.addresses import address, work_page
from routing.desk.base import actor
from routing.people.clients import Client
from routing.work.search import SearchGroup, SearchResults, find, with_ref

MAX_TYPED = 200


def search(request: HttpRequest) -> HttpResponse:
    """Go straight to the work with a reference, or show what was found, by kind."""
    by = actor(request)
    by.require("routing.view_workitem", to="search work")
    typed = request.GET.get("q", "").strip()[:MAX_TYPED]
    if typed and (item := with_ref(typed, by)):
        return HttpResponseRedirect(work_page(item.pk))
    found = find(typed, by) if typed else SearchResults()
    context = {
        "title": _("Search"),
        "typed": typed.replace("\0", ""),
        "groups": [_shown(group, typed) for group in found.groups],
        "clients": [(client, address(Client, "change", client.pk)) for client in found.clients],
        "now": timezone.now(),
    }
    return TemplateResponse(request, "desk/search.html", admin.site.each_context(request) | context)


def _shown(group: SearchGroup, typed: str) -> dict[str, Any]:
    """Return the data of a group for the page."""
    # The list of a kind searches other columns than this page. It is linked only if there is more.
    listed = admin.site.is_registered(group.model)
    return {
        "name": str(group.model._meta.verbose_name_plural).capitalize(),
        "slug": group.model._meta.model_name,
        "rows": [(item, work_page(item.pk)) for item in group.items],
        "more": _in_list(group, typed) if group.more and listed else "",
    }


def _in_list(group: SearchGroup, typed: str) -> str:
    everybodys = {"q": typed, "whose": "all", "open": "all"}
    page = reverse(f"admin:{group.model._meta.app_label}_{group.model._meta.model_name}_changelist")
    return f"{page}?{urlencode(everybodys)}"

"""The search of the desk: one box on every page, and the page of results."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import Resolver404, resolve, reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from routing.desk.addresses import SITE, address, page_of, work_page
from routing.desk.base import actor
from routing.desk.found_filters import is_key
from routing.people.actors import Actor
from routing.people.staff import User
from routing.work.items import WorkItem
from routing.work.kinds import models_by_kind
from routing.work.refs import path_in
from routing.work.search import SearchGroup, SearchResults, find, with_ref
from routing.work.visibility import work_seen_by

MAX_TYPED = 500


def search(request: HttpRequest) -> HttpResponse:
    """Go straight to the work with a reference, or show what was found, by kind."""
    by = actor(request)
    by.require("routing.view_workitem", to="search work")
    typed = request.GET.get("q", "").strip()[:MAX_TYPED]
    if typed and (item := with_ref(typed, by) or _on_page(typed, by)):
        return HttpResponseRedirect(work_page(item.pk))
    found = find(typed, by) if typed else SearchResults()
    context = {
        "title": _("Search"),
        "typed": typed.replace("\0", ""),
        "groups": [_shown(group, typed) for group in found.groups],
        "nothing": bool(typed) and not found.any,
        "clients": [(client, page_of(client)) for client in found.clients],
        "contacts": [(contact, page_of(contact)) for contact in found.contacts],
        "staff": [(person, _page_of_person(person, by)) for person in found.staff],
        "now": timezone.now(),
    }
    return TemplateResponse(request, "desk/search.html", admin.site.each_context(request) | context)


def _on_page(typed: str, by: Actor) -> WorkItem | None:
    """Return the work whose page of the desk the pasted address is, if the actor may see it."""
    try:
        page = resolve(path_in(typed))
    except Resolver404:
        return None
    object_id = str(page.kwargs.get("object_id", ""))
    if page.namespace != SITE or not is_key(object_id):
        return None
    seen = work_seen_by(by)
    models: list[Any] = [WorkItem, *models_by_kind().values()]
    for model in models:
        name = f"{model._meta.app_label}_{model._meta.model_name}"
        if (page.url_name or "").startswith(f"{name}_"):
            if model is WorkItem:
                return seen.filter(pk=object_id).first()
            about = model._base_manager.filter(pk=object_id)
            return seen.filter(pk__in=about.values("item")).first()
    return None


def _page_of_person(person: User, by: Actor) -> str:
    """Return the page of a colleague or, for those who may not see it, the list of their work."""
    if by.may("routing.view_user"):
        return page_of(person)
    return f"{address(WorkItem, 'changelist')}?whose=all&of={person.pk}"


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

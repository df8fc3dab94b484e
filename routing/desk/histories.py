"""One page for the history of any tracked row, also of rows that have no page of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.apps import apps
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from routing.desk.base import actor
from routing.desk.timeline import entries_of
from routing.work.saves import LIMIT, saves_in
from routing.work.visibility import record_is_seen

# The relation whose rows say who may see a row that has no permission of its own.
ABOVE: Mapping[str, str] = {
    "routing.target": "policy",
    "routing.calendaruse": "calendar",
    "routing.teammembership": "team",
    "routing.membership": "client",
    "routing.clientdomain": "client",
    "routing.outcome": "item",
}


def history_of(request: HttpRequest, label: str, pk: int, site: Any) -> HttpResponse:
    """
    Show the history of one row of any tracked model, newest first.

    :param label: of the model, such as ``routing.target``
    :raises Http404: if there is no such history, or the reader may not see it
    :raises PermissionDenied: if the reader may not see rows of this kind at all
    """
    model = _tracked(label)
    by = actor(request)
    above = ABOVE.get(label)
    about = model._meta.get_field(above).related_model if above else model
    if not by.may(f"{about._meta.app_label}.view_{about._meta.model_name}"):
        raise PermissionDenied
    records = list(model.history.filter(id=pk).order_by("-history_id")[:LIMIT])[::-1]
    if not records or not record_is_seen(model, records[-1], by):
        raise Http404
    name = f"{str(model._meta.verbose_name).capitalize()} {pk}"
    context = {
        **site.each_context(request),
        "opts": model._meta,
        "now": timezone.now(),
        "title": _("History of %(what)s") % {"what": name},
        "entries": entries_of(saves_in(records))[::-1],
        "back": reverse("admin:index"),
    }
    return TemplateResponse(request, "desk/history.html", context)


def _tracked(label: str) -> Any:
    try:
        model: Any = apps.get_model(label)
    except (LookupError, ValueError):
        raise Http404 from None
    if not hasattr(model, "history"):
        raise Http404
    return model

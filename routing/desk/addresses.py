"""Addresses of pages in the desk."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode

from routing.work.items import WorkItem

SITE = "admin"
FILTERS = "_changelist_filters"  # the query of the list from which the page of a row was opened


def address(model: type[models.Model], page: str, *args: Any) -> str:
    return reverse(f"{SITE}:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def page_of(row: models.Model) -> str:
    return address(type(row), "change", row.pk)


def list_query(request: HttpRequest) -> str:
    """Return the query that leads a page of the same row back to its list, or an empty text."""
    query = request.GET.get(FILTERS, "")
    return f"?{urlencode({FILTERS: query})}" if query else ""


def work_page(item_id: int) -> str:
    """Return the lasting address of a work item, which redirects to its request, run etc."""
    return address(WorkItem, "change", item_id)

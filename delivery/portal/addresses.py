"""Portal addresses of work items."""

from __future__ import annotations

from django.urls import reverse

from routing.work.items import WorkItem

PAGES = {"request": "portal:request", "approval": "portal:question", "deliverable": "portal:work"}


def portal_page(item: WorkItem) -> str:
    """Return the path of a work item's page, or of the home page if it has none."""
    name = PAGES.get(item.kind)
    return reverse(name, args=[item.ref]) if name else reverse("portal:home")

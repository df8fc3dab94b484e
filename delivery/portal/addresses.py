"""Portal addresses of work items."""

from __future__ import annotations

from django.urls import reverse

from routing.work.items import WorkItem

PAGES = {"request": "portal:request", "approval": "portal:question", "deliverable": "portal:work"}


def portal_page(item: WorkItem) -> str:
    """The path of its page in the portal; the home page's for what has none."""
    name = PAGES.get(item.kind)
    return reverse(name, args=[item.ref]) if name else reverse("portal:home")

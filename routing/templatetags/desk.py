"""Filters for times and states in templates."""

from django import template
from django.utils.safestring import SafeString

from routing.work.display import due, exact, since, size, when
from routing.work.items import WorkItem
from routing.work.kinds import state_badge

register = template.Library()
register.filter("when", when)
register.filter("exact", exact)
register.filter("since", since)
register.filter("due", due)
register.filter("size", size)


@register.filter
def state_of(item: WorkItem) -> SafeString:
    return state_badge(item.kind, item.state)

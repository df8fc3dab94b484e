"""Instants and states in templates."""

from django import template
from django.utils.safestring import SafeString

from routing.display import due, exact, when
from routing.models.work import WorkItem
from routing.nouns import state_badge

register = template.Library()
register.filter("when", when)
register.filter("exact", exact)
register.filter("due", due)


@register.filter
def state_of(item: WorkItem) -> SafeString:
    return state_badge(item.kind, item.state)

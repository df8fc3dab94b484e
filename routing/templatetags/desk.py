"""Filters for times, states and fields in templates."""

from __future__ import annotations

from django import forms, template
from django.forms.boundfield import BoundField
from django.utils.safestring import SafeString

from routing.work.display import due, exact, hold, since, size, when
from routing.work.items import WorkItem
from routing.work.kinds import state_badge

register = template.Library()
register.filter("when", when)
register.filter("exact", exact)
register.filter("since", since)
register.filter("due", due)
register.filter("hold", hold)
register.filter("size", size)


@register.filter
def lost_files(field: BoundField) -> str:
    """
    Return the names of the files that were chosen in a form that is shown again, or nothing.

    Browsers do not keep them, so they must be chosen again, whatever the form was refused for.
    """
    kept = getattr(field.form, "keeps_files", False)  # stored at once, and shown by the form
    if kept or not isinstance(field.field, forms.FileField):
        return ""
    uploaded = field.form.files
    chosen = uploaded.getlist(field.html_name) if hasattr(uploaded, "getlist") else ()
    return ", ".join(each.name for each in chosen if each.name)


@register.filter
def state_of(item: WorkItem) -> SafeString:
    return state_badge(item.kind, item.state)

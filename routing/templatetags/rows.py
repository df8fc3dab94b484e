"""
The rows of a list, built in Python. Rendering a template for each cell would take most of the time
of a long page.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

from django import template
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.templatetags.admin_urls import add_preserved_filters
from django.contrib.admin.utils import lookup_field
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import ObjectDoesNotExist
from django.db import models
from django.urls import NoReverseMatch, reverse
from django.utils.html import conditional_escape, escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst
from unfold.admin import checkbox
from unfold.templatetags.unfold_list import result_headers
from unfold.utils import display_for_field, display_for_value

from routing.work.display import NOTHING

register = template.Library()
Cell = Callable[[Any], str]
CHECKBOX, KEY = "action_checkbox", "0"
CHOSEN = mark_safe(' aria-current="true"')  # a constant without input


@register.simple_tag
def headers_of(cl: ChangeList) -> list[dict[str, Any]]:
    return list(result_headers(cl))


@register.simple_tag
def links_of(choices: Iterable[Mapping[str, Any]]) -> SafeString:
    """Return the choices of a filter, of which there may be many, as the items of a list."""
    # Joined here, because ``format_html_join`` takes twice as long, and every list has all clients.
    links = "".join(
        f'<li><a href="{escape(each["query_string"])}"{CHOSEN if each["selected"] else ""}>'
        f"{conditional_escape(each['display'])}</a></li>"
        for each in choices
    )
    return mark_safe(links)  # noqa: S308  # every part is escaped


@register.simple_tag
def rows_of(cl: ChangeList, headers: list[dict[str, Any]]) -> SafeString:
    cells = list(_cells(cl, headers))
    rows = []
    for row in cl.result_list:
        html = "".join(cell(row) for cell in cells)
        rows.append(f'<tr class="data-row">{html}</tr>')
    return mark_safe("\n".join(rows))  # noqa: S308  # every cell escapes its own


def _cells(cl: ChangeList, headers: list[dict[str, Any]]) -> Iterator[Cell]:
    link, first = _linked(cl), " tl-first"
    for name, header in zip(cl.list_display, headers, strict=True):
        if name == CHECKBOX:
            yield _ticked(getattr(cl, "picked", frozenset()))
            continue
        value, label = _value(cl, name), f'data-label="{escape(capfirst(header["text"]))}"'
        # On a phone, a row is a card, and its first column is the heading.
        classes, first = f"tl-cell field-{escape(name)}{first}", ""
        if link is not None and _leads(cl, name):
            yield _heading(value, link, f'class="{classes}" {label}')
            # Without ``list_display_links``, only the first column is a link.
            link = link if cl.list_display_links else None
        else:
            yield _plain(value, classes, label)


def _leads(cl: Any, name: Any) -> bool:
    links = cl.list_display_links  # None: nothing leads anywhere
    return links is not None and (not links or name in links)


def _plain(value: Cell, classes: str, label: str) -> Cell:
    def plain(row: Any) -> str:
        shown = value(row)
        none = " tl-none" if shown == NOTHING else ""
        return f'<td class="{classes}{none}" {label}><div>{shown}</div></td>'

    return plain


def _heading(value: Cell, link: Cell, attributes: str) -> Cell:
    return lambda row: f'<th scope="row" {attributes}><a href="{link(row)}">{value(row)}</a></th>'


def _ticked(picked: Collection[str]) -> Cell:
    # Rendered once and cut in two around the value, as the link below.
    before, after = str(checkbox.render(ACTION_CHECKBOX_NAME, KEY)).split(f'value="{KEY}"')

    def ticked(row: Any) -> str:
        chosen = " checked" if str(row.pk) in picked else ""
        box = f'{before}value="{row.pk}"{chosen}{after}'
        return f'<td class="action-checkbox tl-check">{box}</td>'

    return ticked


def _linked(cl: ChangeList) -> Cell | None:
    """
    Return a function for the address of a row's page, which keeps the filters of the list.
    """
    # ``reverse`` is slow for hundreds of rows, so it runs once and the key is replaced.
    try:
        page = reverse(
            f"{cl.model_admin.admin_site.name}:{cl.opts.app_label}_{cl.opts.model_name}_change",
            args=(KEY,),
        )
    except NoReverseMatch:
        return None
    kept = add_preserved_filters({"preserved_filters": cl.preserved_filters, "opts": cl.opts}, page)
    before, after = str(kept).split(f"/{KEY}/change/", 1)
    return lambda row: escape(f"{before}/{row.pk}/change/{after}")


def _value(cl: ChangeList, name: Any) -> Cell:
    """Return a function for the content of a cell, as Django's own lists show it."""
    # Everything that is the same for all rows is looked up here, once.
    admin = cl.model_admin
    method = None
    if callable(name):
        method = name
    elif name != "__str__":
        method = getattr(admin, name, None)
    empty = getattr(method, "empty_value_display", admin.get_empty_value_display())
    if callable(method) and not getattr(method, "boolean", False):
        return lambda row: _shown(method(row), empty)
    return lambda row: _looked_up(row, name, admin, empty)


def _shown(value: Any, empty: Any) -> str:
    if isinstance(value, str) and value:
        return conditional_escape(value)
    return conditional_escape(display_for_value(value, empty, boolean=False))


def _looked_up(row: Any, name: Any, admin: Any, empty: Any) -> str:
    try:
        field, attribute, value = lookup_field(name, row, admin)
    except ObjectDoesNotExist:
        return conditional_escape(empty)
    if field is None or field.auto_created:
        return conditional_escape(
            display_for_value(value, empty, getattr(attribute, "boolean", False))
        )
    if isinstance(field.remote_field, models.ManyToOneRel):
        related = getattr(row, field.name)
        return conditional_escape(empty if related is None else related)
    return conditional_escape(display_for_field(value, field, empty))

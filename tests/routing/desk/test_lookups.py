"""H4, H18: the address of a list narrows it by its filters, and by nothing that it hides."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib import admin
from django.test import RequestFactory

from delivery.models import Brief, Deliverable, Request
from routing.models import Clock, ExceptionCase, Run, SecurityEvent, User
from tests.desk import signed_in, url
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("without_second_factor")]

HIDDEN = [
    (Brief, "amount__gte=1"),
    (Brief, "amount=7000"),
    (Brief, "planned__0__amount__gte=1"),
    (Deliverable, "amount__lt=5"),
    (Request, "impact_amount__gte=1"),
    (Request, "details__icontains=secret"),
    (Run, "trace_id__gte=0"),
]


def test_h18_no_list_tells_a_hidden_amount_or_text_by_its_number_of_rows(world: World) -> None:
    browser = signed_in(world.cora)

    answers = {
        (model.__name__, query): browser.get(f"{url(model, 'changelist')}?whose=all&{query}")
        for model, query in HIDDEN
    }

    for name, answer in answers.items():
        # What is no column is left out, as Django does.
        unfiltered = answer.headers.get("Location", "").endswith("?e=1")
        assert answer.status_code == 400 or unfiltered, name


def test_h4_a_password_is_no_filter(world: World) -> None:
    browser = signed_in(world.olga)

    for query in ("password__startswith=p", "password__gte=a"):
        assert browser.get(f"{url(User, 'changelist')}?{query}").status_code == 400


def test_filters_and_our_own_links_narrow_a_list_as_before(world: World) -> None:
    browser = signed_in(world.olga)
    links = [
        (Request, "state__exact=new&client=1"),
        (Run, "version__id__exact=1"),
        (Run, "flow__id__exact=1"),
        (ExceptionCase, "whose=all&run__flow__id__exact=1&reason__exact=x"),
        (Clock, "policy__id__exact=1&kind=routing.workitem&purpose=x&apart=&days=30&kept=met"),
    ]

    found = {query: browser.get(f"{url(model, 'changelist')}?{query}") for model, query in links}

    assert {query: page.status_code for query, page in found.items()} == dict.fromkeys(found, 200)


def lists() -> Iterator[admin.ModelAdmin]:
    for page in admin.site._registry.values():
        if hasattr(page, "linked_lookups"):
            yield page


def test_h4_no_list_of_the_desk_is_narrowed_by_a_column_that_is_not_its_filter(
    world: World, rf: RequestFactory
) -> None:
    request = rf.get("/")
    request.user = world.olga
    open_ones = [
        f"{page.opts.label}.{column.name}"
        for page in lists()
        for column in page.opts.concrete_fields
        if column.name not in filtered_by(page, request)
        and page.lookup_allowed(f"{column.name}__gte", "1", request)
    ]

    assert open_ones == []


def filtered_by(page: admin.ModelAdmin, request) -> set[str]:
    return {
        each if isinstance(each, str) else each[0]
        for each in page.get_list_filter(request)
        if not isinstance(each, type)
    }


def test_an_address_that_cannot_be_read_is_no_fault_of_an_export(world: World) -> None:
    browser = signed_in(world.olga)
    browser.raise_request_exception = False

    answers = [
        browser.get(f"{url(SecurityEvent, 'export')}?{query}").status_code
        for query in ("utm_source=x", "at__gte=yesterday", "detail__contains=a", "kind__exact=x")
    ]

    assert answers == [400, 400, 400, 200]

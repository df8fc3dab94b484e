"""Error pages."""

import errno
import re

import pytest
import structlog
from django.contrib.sessions.backends.db import SessionStore
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import OperationalError
from django.http import Http404
from django.test import Client
from django.urls import clear_url_caches, path
from django.urls.resolvers import URLPattern
from psycopg.errors import DiskFull

from config import urls
from config.web import errors
from tests.desk import signed_in, words
from tests.world import World, make_user

SECRET = "password authentication failed for role app at db.internal"

pytestmark = pytest.mark.django_db


def raising(error: Exception):
    def view(request):
        raise error

    return view


def full_database() -> OperationalError:
    error = OperationalError(SECRET)
    error.__cause__ = DiskFull(SECRET)
    return error


@pytest.fixture(autouse=True)
def _pages_that_fail(monkeypatch):
    failing: list[URLPattern] = [
        path("fails/", raising(RuntimeError(SECRET))),
        path("refuses/", raising(PermissionDenied("Quin may not approve briefs."))),
        path("suspects/", raising(SuspiciousOperation(SECRET))),
        path("hides/", raising(Http404(SECRET))),
        path("slows/", errors.too_many),
        path("fills/", raising(OSError(errno.ENOSPC, SECRET))),
        path("fills-the-database/", raising(full_database())),
    ]
    monkeypatch.setattr(urls, "urlpatterns", [*failing, *urls.urlpatterns])
    clear_url_caches()
    yield
    clear_url_caches()


@pytest.fixture
def visitor():
    return Client(raise_request_exception=False, enforce_csrf_checks=True)


@pytest.mark.parametrize("address", ["/fills/", "/fills-the-database/"])
def test_a_full_disk_is_said_and_is_not_our_reader_s_fault(visitor, address):
    answer = visitor.get(address)

    assert answer.status_code == 507
    assert "storage is full" in answer.content.decode()
    assert SECRET not in answer.content.decode()


PAGES = [
    ("/suspects/", 400, "Invalid request"),
    ("/refuses/", 403, "You do not have permission"),
    ("/hides/", 404, "Page not found"),
    ("/nowhere/", 404, "Page not found"),
    ("/slows/", 429, "Too many attempts"),
    ("/fails/", 500, "Something went wrong"),
]


@pytest.mark.parametrize(("address", "status", "heading"), PAGES)
def test_each_says_what_happened_and_what_to_do_and_nothing_of_the_inside(
    visitor, address, status, heading
):
    answer = visitor.get(address)
    page = answer.content.decode()

    assert answer.status_code == status
    assert f"<h1>{heading}</h1>" in page
    assert f"<title>{heading} · Throughline</title>" in page
    assert page.count("<main") == 1
    assert '<html lang="en">' in page
    assert 'class="button"' in page
    assert "Traceback" not in page
    assert SECRET not in page


def test_a_refusal_repeats_its_reason(visitor):
    assert "Quin may not approve briefs." in words(visitor.get("/refuses/"))


def test_staff_are_led_back_to_their_work(world: World, settings):
    settings.EMBEDDED = True
    browser = signed_in(world.alice)
    browser.raise_request_exception = False

    for address in ("/refuses/", "/nowhere/"):
        assert 'href="/admin/"' in browser.get(address).content.decode()


def test_who_is_no_staff_is_not_led_where_they_may_not_be():
    contact = make_user("Cleo")
    type(contact).objects.filter(pk=contact.pk).update(is_staff=False)

    page = signed_in(contact).get("/nowhere/").content.decode()

    assert "All work" not in page
    assert ">Go to Today<" not in page


def test_a_form_without_its_token_is_refused_with_a_way_on(visitor):
    answer = visitor.post("/accounts/login/", {"login": "alice@agency.test", "password": "x"})

    assert answer.status_code == 403
    assert "This form has expired" in words(answer)
    assert "Nothing was saved." in words(answer)


def test_another_host_name_is_refused_without_repeating_it(visitor):
    answer = visitor.get("/", headers={"host": "evil.example"})

    assert answer.status_code == 400
    assert "evil.example" not in answer.content.decode()


def test_the_number_on_the_page_is_the_one_in_the_log_and_not_the_callers(visitor):
    with structlog.testing.capture_logs(
        processors=[structlog.contextvars.merge_contextvars]
    ) as lines:
        page = words(visitor.get("/fails/", headers={"x-request-id": "chosen-by-the-caller"}))

    [number] = re.findall(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}) · \d{4}-\d\d-\d\d", page)
    assert number in {line.get("request_id") for line in lines if line["event"] == "request_failed"}
    assert "chosen-by-the-caller" not in page


def test_without_a_database_there_is_still_a_page_with_a_number(
    visitor, monkeypatch, django_assert_num_queries
):
    def away(_):
        raise OperationalError(SECRET)

    visitor.cookies["throughline_session"] = "a" * 32
    monkeypatch.setattr(SessionStore, "load", away)

    with django_assert_num_queries(0):
        answer = visitor.get("/admin/")

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "Something went wrong" in words(answer)
    assert re.search(r"[0-9a-f]{12} · ", words(answer))


def test_without_static_files_there_is_still_an_answer(visitor, monkeypatch):
    def not_collected(*_, **__):
        raise ValueError("Missing staticfiles manifest entry")

    monkeypatch.setattr(errors, "render_to_string", not_collected)

    answer = visitor.get("/fails/")

    assert (answer.status_code, answer.headers["Content-Type"]) == (
        500,
        "text/plain; charset=utf-8",
    )
    assert answer.content.decode() == errors.FAILED_PLAINLY

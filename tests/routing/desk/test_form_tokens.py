"""A form that is sent twice does its work once, whatever is kept in memory anywhere."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.cache import caches
from django.utils import timezone
from pytest_django import Settings

from routing.desk.operations.sendings import forget_sendings
from routing.models import Note, Sending
from routing.tasks import sweep_files
from tests.routing.work.test_note_pages import send
from tests.threads import at_once
from tests.world import World, make_request

pytestmark = pytest.mark.usefixtures("without_second_factor")


def test_a_flush_of_the_cache_does_not_let_it_count_twice(world: World) -> None:
    row = make_request(world.acme)
    send(world.alice, row, once="t1")

    for cache in caches.all():
        cache.clear()
    send(world.alice, row, once="t1")

    assert Note.objects.count() == 1


def test_it_needs_no_cache(world: World, settings: Settings) -> None:
    settings.CACHES = {
        name: {**each, "LOCATION": "unix:///nonexistent/valkey?db=0"}
        for name, each in settings.CACHES.items()
    }
    row = make_request(world.acme)

    answers = [send(world.alice, row, once="t1") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [302, 302]
    assert Note.objects.count() == 1


def test_sent_at_once_it_is_written_once(committed_world: World) -> None:
    row = make_request(committed_world.acme)

    answers = at_once([lambda: send(committed_world.alice, row, once="t1")] * 4)

    assert [answer.status_code for answer in answers] == [302] * 4
    assert Note.objects.count() == 1


def test_what_was_refused_may_be_sent_again(world: World) -> None:
    row = make_request(world.acme)

    refused = send(world.alice, row, "", once="t1")
    send(world.alice, row, "Call them", once="t1")

    assert refused.status_code == 422
    assert Note.objects.get().body == "Call them"


def test_the_same_token_of_another_person_or_page_is_another_form(world: World) -> None:
    row, other = make_request(world.acme), make_request(world.acme)

    for user, page in ((world.alice, row), (world.bob, row), (world.alice, other)):
        send(user, page, once="t1")

    assert Note.objects.count() == 3


@pytest.mark.parametrize("token", ["\0", "x" * 65, "a b", "é"])
def test_what_is_no_token_of_ours_is_none(world: World, token: str) -> None:
    row = make_request(world.acme)

    assert send(world.alice, row, once=token).status_code == 302
    assert not Sending.objects.exists()


def test_tokens_are_forgotten_after_a_day(world: World) -> None:
    send(world.alice, make_request(world.acme), once="t1")
    sent = Sending.objects.get().sent_at

    assert forget_sendings(sent + timedelta(days=1)) == 0
    assert forget_sendings(sent + timedelta(days=1, seconds=1)) == 1


@pytest.mark.usefixtures("own_folder")
def test_the_hourly_sweep_forgets_them(world: World) -> None:
    send(world.alice, make_request(world.acme), once="t1")
    Sending.objects.update(sent_at=timezone.now() - timedelta(days=2))

    sweep_files()

    assert not Sending.objects.exists()

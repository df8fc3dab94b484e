"""Valkey away, frozen or full: people go on working, and guessing passwords stays slow."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache, caches
from django.test import Client as Browser
from django.utils import timezone
from pytest_django import Settings

from config.storage.cache import Cache
from routing.models import ImagePreview
from routing.work.operations.files import erase_uploads
from routing.work.operations.previews import draw_previews
from tests.config.accounts.test_signin import LOGIN, PASSWORD, code, totp
from tests.desk import signed_in
from tests.files import make_file, png
from tests.portal import REQUESTER, invited, user_of
from tests.storages import use
from tests.world import NOW, World, by, make_user


def forget_own() -> None:
    own = caches["default"]
    assert isinstance(own, Cache)
    own._own.clear()


def moved(settings: Settings, location: str) -> None:
    settings.CACHES = {
        alias: {**options, "LOCATION": location} for alias, options in settings.CACHES.items()
    }


@pytest.fixture
def away(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Caches at an address where nobody is; what this process then remembers begins empty and is
    forgotten again.
    """
    monkeypatch.setattr(Cache, "_asks_again_at", 0.0)
    moved(settings, "unix:///nonexistent/valkey?db=0")
    forget_own()


@pytest.fixture
def frozen(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[socket.socket]:
    """A server that takes connections and never says a word."""
    monkeypatch.setattr(Cache, "_asks_again_at", 0.0)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "valkey"))
        server.listen(16)
        server.setblocking(False)
        moved(settings, f"unix://{tmp_path}/valkey?db=0")
        forget_own()
        yield server


@pytest.fixture
def own_folder(settings: Settings, tmp_path: Path) -> None:
    use(settings, "routing.kernel.storage.PrivateStorage", tmp_path / "files")


def connections(server: socket.socket) -> int:
    found: list[Any] = []
    try:
        while True:
            found.append(server.accept()[0])
    except BlockingIOError:
        return len(found)
    finally:
        for each in found:
            each.close()


@pytest.mark.django_db
def test_staff_sign_in_with_both_factors_while_it_is_away(client: Browser, away: None) -> None:
    alice = make_user("Alice", password=PASSWORD)
    secret = totp(alice)

    client.post(LOGIN, {"login": alice.email, "password": PASSWORD})
    client.post("/accounts/2fa/authenticate/", {"code": code(secret)})

    assert client.get("/admin/").status_code == 200


@pytest.mark.django_db
def test_a_code_counts_once_while_it_is_away(client: Browser, away: None) -> None:
    alice = make_user("Alice", password=PASSWORD)
    spent = code(totp(alice))
    for browser in (client, again := Browser()):
        browser.post(LOGIN, {"login": alice.email, "password": PASSWORD})
        browser.post("/accounts/2fa/authenticate/", {"code": spent})

    assert client.get("/admin/").status_code == 200
    assert again.get("/admin/").status_code == 302


@pytest.mark.django_db
def test_guessing_is_slowed_down_while_it_is_away(client: Browser, away: None) -> None:
    alice = make_user("Alice", password=PASSWORD)

    answers = [
        client.post(LOGIN, {"login": alice.email, "password": f"guess {n}"}) for n in range(12)
    ]

    assert "There were too many wrong attempts" not in answers[0].content.decode()
    assert "There were too many wrong attempts" in answers[-1].content.decode()


def test_a_frozen_server_is_asked_once_and_then_left_alone(frozen: socket.socket) -> None:
    assert cache.add("lock", 1)
    assert not cache.add("lock", 1)
    cache.set("count", 2)
    assert cache.get("count") == 2
    assert cache.delete("count")

    assert connections(frozen) == 1


def test_it_is_asked_again_after_its_rest(
    frozen: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.set("count", 2)

    monkeypatch.setattr(Cache, "_asks_again_at", 0.0)
    cache.get("count")

    assert connections(frozen) == 2


@pytest.mark.usefixtures("own_folder")
def test_pictures_are_shown_while_it_is_away(world: World, away: None, settings: Settings) -> None:
    settings.EMBEDDED = True
    made = make_file(world.alice, world.acme, content=png(), name="logo.png")
    draw_previews(clock=timezone.now)

    answer = signed_in(world.alice).get(f"/files/{made.pk}/logo.png?preview=1")

    assert (answer.status_code, answer["Content-Type"]) == (200, "image/webp")


@pytest.mark.usefixtures("own_folder")
def test_pictures_are_erased_while_it_is_away(world: World, away: None) -> None:
    contact = invited(world, "Carla", (world.acme, REQUESTER))
    made = make_file(user_of(contact), world.acme, content=png(), name="logo.png")
    draw_previews(clock=timezone.now)

    erase_uploads(contact.pk, by=by(world.olga), at=NOW)

    made.refresh_from_db()
    assert (made.is_kept, ImagePreview.objects.count()) == (False, 0)

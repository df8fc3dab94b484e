"""docs/howto/add-an-adapter.md, followed to the end, with a notice board on this machine."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import ModuleType
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.management import call_command

from config.paths import ROOT
from integrations.adapters import registry
from integrations.base import doorbell
from integrations.models import Connection, Outbound
from tests.howto.guide import files, load
from tests.integrations.inbox.senders import make_connection
from tests.integrations.outbox.remote import Time, deliver, outcomes_of, send, state_of
from tests.world import World

FOLDER = "integrations/adapters/board"
TOKEN = "token-of-tests"


class Notices(ThreadingHTTPServer):
    """The board. It forgets to answer as often as ``silent`` says, after it did what was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.kept: dict[str, dict[str, str]] = {}
        self.silent, self.refuses = 0, 0


class Handler(BaseHTTPRequestHandler):
    server: Notices

    def do_GET(self) -> None:
        _, _, number = urlsplit(self.path).path.removeprefix("/").partition("/")
        key = parse_qs(urlsplit(self.path).query).get("key", [""])[0]
        if number:
            self.answer(self.server.kept.get(number), 200 if number in self.server.kept else 404)
        else:
            self.answer([each for each in self.server.kept.values() if each["key"] == key])

    def do_POST(self) -> None:
        self.keep(str(len(self.server.kept) + 1))

    def do_PUT(self) -> None:
        self.keep(self.path.rpartition("/")[2])

    def keep(self, number: str) -> None:
        given = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if self.server.refuses:
            self.answer(None, self.server.refuses)
            return
        self.server.kept[number] = {"id": number, **given}
        if self.server.silent:
            self.server.silent -= 1
            self.close_connection = True
            return
        self.answer(self.server.kept[number])

    def answer(self, body: Any, status: int = 200) -> None:
        allowed = self.headers["authorization"] == f"Bearer {TOKEN}"
        raw = json.dumps(body).encode()
        self.send_response(status if allowed else 401)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *words: object) -> None:
        """Say nothing."""


@pytest.fixture
def board() -> Iterator[Notices]:
    server = Notices()
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def _nobody_rings(monkeypatch: pytest.MonkeyPatch) -> None:
    for bell in (doorbell.process, doorbell.outbound):
        monkeypatch.setattr(bell, "ring", lambda *_: None)


@pytest.fixture(autouse=True)
def _followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The guide's files in place, and the adapters of its registry in those of the product."""
    found = files("add-an-adapter.md")
    assert set(found) == {
        *(f"{FOLDER}/{name}.py" for name in ("client", "writer", "adapter")),
        "integrations/adapters/registry.py",
    }
    monkeypatch.setitem(sys.modules, FOLDER.replace("/", "."), ModuleType("board"))
    for name in ("client", "writer", "adapter"):
        load(f"{FOLDER}/{name}.py", found[f"{FOLDER}/{name}.py"], tmp_path, monkeypatch)
    changed: dict[str, Any] = {"__name__": "integrations.adapters.changed_registry"}
    exec(compile(found["integrations/adapters/registry.py"], "registry", "exec"), changed)  # noqa: S102  # ours, from the guide
    assert set(changed["kinds"]()) - set(registry.kinds()) == {"board"}
    monkeypatch.setitem(registry._ADAPTERS, "board", changed["adapter_of"]("board"))


@pytest.fixture
def connection(board: Notices, world: World) -> Connection:
    return make_connection("board", world, base_url=f"http://127.0.0.1:{board.server_port}")


@pytest.fixture
def time() -> Time:
    return Time()


def titles(board: Notices) -> list[str]:
    return [each["title"] for each in board.kept.values()]


def test_a_message_makes_a_notice_and_a_later_one_changes_the_same(
    connection: Connection, board: Notices, time: Time
) -> None:
    send(connection, "first", content={"title": "Fair week"})
    deliver(time)
    send(connection, "second", content={"title": "Fair week is over"})
    deliver(time)

    assert (state_of("first"), state_of("second")) == ("delivered", "delivered")
    assert titles(board) == ["Fair week is over"]
    assert Outbound.objects.get(key="second").url == f"{connection.base_url}/notices/1"


def test_a_notice_whose_answer_was_lost_is_found_and_not_made_twice(
    connection: Connection, board: Notices, time: Time
) -> None:
    board.silent = 1
    send(connection, "only", content={"title": "Fair week"})

    deliver(time)
    assert state_of("only") == "unknown"
    deliver(time.on(minutes=5))

    assert state_of("only") == "delivered"
    assert titles(board) == ["Fair week"]
    assert len(outcomes_of("only")) == 2


def test_a_refusal_waits_for_a_person(connection: Connection, board: Notices, time: Time) -> None:
    board.refuses = 422
    send(connection, "refused", content={"title": "Too long"})

    deliver(time)

    assert state_of("refused") == "dead"
    assert titles(board) == []


def test_it_is_connected_by_the_command_of_the_guide(world: World, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text(TOKEN)
    token.chmod(0o600)
    guide = (ROOT / "docs/howto/add-an-adapter.md").read_text()
    [words] = re.findall(r"^\.venv/bin/python manage\.py (.+)$", guide, re.MULTILINE)

    call_command(*words.removesuffix("token").split(), str(token), verbosity=0)

    made = Connection.objects.get(kind="board")
    assert (made.slug, made.base_url) == ("board-main", "https://board.example.com")

"""
The published heads: what shows that the chain's end was cut off must itself survive half-written
lines.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pytest_django import Settings

from routing.audit.operations.seals import seal
from routing.audit.verify import verify
from routing.models import Seal
from tests.routing.audit.tampering import tamper
from tests.world import NOW, World, make_request

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def heads(settings: Settings, tmp_path: Path, committed_world: World) -> Path:
    """The file, with the seals of one request in it."""
    path = tmp_path / "heads.jsonl"
    settings.SEAL_HEADS_FILE = str(path)
    make_request(committed_world.acme)
    seal(at=NOW)
    return path


def test_cutting_off_the_end_of_the_chain_is_found_by_the_published_heads(
    heads: Path, superuser_dsn: str
) -> None:
    last = Seal.objects.latest("id")

    tamper(superuser_dsn, "DELETE FROM routing_sealedrow WHERE seal_id = %s", last.pk)
    tamper(superuser_dsn, "DELETE FROM routing_seal WHERE id = %s", last.pk)

    assert verify().first_break == f"seal {last.pk}: published, but no longer in the chain"


def test_published_heads_hold_no_content(heads: Path) -> None:
    lines = [json.loads(line) for line in heads.read_text().splitlines()]

    assert [line["head"] for line in lines] == list(
        Seal.objects.order_by("id").values_list("head", flat=True)
    )
    assert all(set(line) == {"seal", "ledger", "rows", "head", "at"} for line in lines)


def test_a_half_written_line_is_named_and_swallows_no_later_head(
    heads: Path, committed_world: World
) -> None:
    before = len(heads.read_bytes().splitlines())
    with heads.open("a") as file:
        file.write('{"seal": 99, "led')

    make_request(committed_world.acme)
    seal(at=NOW)

    lines = heads.read_bytes().splitlines()
    assert {json.loads(line)["head"] for line in [*lines[:before], *lines[before + 1 :]]} == set(
        Seal.objects.values_list("head", flat=True)
    )
    assert (
        verify().first_break
        == f"line {before + 1} of the published heads (heads.jsonl) cannot be read"
    )


@pytest.mark.parametrize(
    "line",
    [
        b"not JSON",
        b"\xff\xfe",
        b"[]",
        b"7",
        b"null",
        b'{"seal": 1}',
        b'{"seal": "1", "head": "x"}',
        b'{"head": ["\\u0000"], "seal": 1}',
    ],
)
def test_a_line_that_is_none_of_ours_is_a_break_not_a_crash(heads: Path, line: bytes) -> None:
    heads.write_bytes(line + b"\n" + heads.read_bytes())

    assert verify().first_break == "line 1 of the published heads (heads.jsonl) cannot be read"

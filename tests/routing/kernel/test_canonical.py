"""One canonical JSON; the bytes of what rows keep never change."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from integrations.outbox.rows import digest_of
from routing.kernel.canonical import ESCAPED, SPACED, as_json, json_digest
from routing.runs.operations.capture import Signal
from tests.world import NOW

ROOT = Path(__file__).parents[3]
VALUE = {"b": [1, 1.5, None, True, "é\u2028\U0001f600"], "a": {"ö": "x y", "n": -0.0}}


@dataclass(frozen=True, slots=True)
class Point:
    y: int
    x: tuple[Any, ...]


def test_the_text_is_sorted_and_without_spaces_and_letters_are_as_they_are() -> None:
    assert as_json(VALUE) == '{"a":{"n":-0.0,"ö":"x y"},"b":[1,1.5,null,true,"é\u2028\U0001f600"]}'


def test_a_dataclass_is_an_object_of_its_fields_however_deep() -> None:
    point = Point(2, (Point(1, ()), {"p": Point(0, ("a",))}))

    assert as_json(point) == as_json(asdict(point))
    assert as_json(point) == '{"x":[{"x":[],"y":1},{"p":{"x":["a"],"y":0}}],"y":2}'


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (
            json_digest(VALUE),
            "97fd3f8b4a86c481024b4e72f222452c219b6ec95dee558a5a97c3a44f43448c",
        ),
        (
            Signal("crm", "k", "d", "t", "1", NOW, VALUE).digest,
            "97fd3f8b4a86c481024b4e72f222452c219b6ec95dee558a5a97c3a44f43448c",
        ),
        (
            json_digest(VALUE, ESCAPED),
            "7cb5255a309bb5f461dee7ba6eb76b7110ab74328e3675b38e8604ae3de42d62",
        ),
        (
            json_digest([VALUE], SPACED),
            "4edcf068d4dc69d9e617bf9445d3b8f741681f4e7f0e997ec5b7314233a38d2d",
        ),
        (
            digest_of(VALUE, [{"role": "lead"}]),
            "04bd2150bd73444644e16a67767c0edb64d7bfacf7c861c1840b9ac63227fc04",
        ),
        (
            json_digest("half a pair: \ud83d"),
            "446f5f4c1f779a34d24c472883a88bd06a98cb346e5935ca4b1e4104646eadaf",
        ),
    ],
)
def test_what_rows_keep_still_verifies(found: str, expected: str) -> None:
    assert found == expected


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {"a": [float("-inf")]}])
def test_what_json_does_not_have_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        as_json(value)


def test_what_is_no_value_and_no_dataclass_is_refused() -> None:
    with pytest.raises(TypeError):
        as_json({"a": object()})


def test_the_forms_that_were_written_out_before_have_the_same_bytes() -> None:
    compact: Any = {"sort_keys": True, "separators": (",", ":")}

    assert as_json(VALUE) == json.dumps(VALUE, ensure_ascii=False, allow_nan=False, **compact)
    assert ESCAPED.encode(VALUE) == json.dumps(VALUE, **compact)
    assert SPACED.encode([VALUE]) == json.dumps([VALUE], ensure_ascii=True)
    assert json_digest("\ud83d") == sha256('"\ud83d"'.encode("utf-8", "surrogatepass")).hexdigest()


def test_no_other_place_spells_a_canonical_form() -> None:
    found = []
    for package in ("routing", "delivery", "integrations", "config"):
        for path in sorted((ROOT / package).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            # A flow's file keeps its order.
            text = path.read_text().replace("sort_keys=False", "")
            if name != "routing/kernel/canonical.py" and re.search(r"sort_keys", text):
                found.append(name)

    assert found == []

from __future__ import annotations

import pytest

from routing.flows.template import fill, placeholders


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("{deal.name} for {company.name}", "Site for —"),
        (
            "{deal.name!r} {0} {deal} {deal.__class__} {{x}}",
            "{deal.name!r} {0} {deal} {deal.__class__} {{x}}",
        ),
        ("no fields", "no fields"),
    ],
)
def test_only_known_fields_come_out(text: str, filled: str) -> None:
    assert fill(text, {"deal.name": "Site", "company.name": ""}) == filled


def test_placeholders() -> None:
    assert placeholders("{deal.name} {deal.amount} {x}") == {"deal.name", "deal.amount"}

"""docs/howto/add-a-check.md, followed to the end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from delivery.checks.kinds import catalogue
from delivery.checks.operations import judge
from delivery.models import Check, CheckResult
from tests.delivery.making import DRAFT, hand_in, make_deliverables
from tests.desk import signed_in, url, words
from tests.howto.guide import files, load
from tests.world import NOW, World, by

pytestmark = pytest.mark.usefixtures("without_second_factor")

KIND, CATALOGUE = "delivery/checks/kinds/reading.py", "delivery/checks/kinds/catalogue.py"
TEST = "tests/delivery/checks/test_reading.py"


@pytest.fixture
def followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The kind written, and the kinds of the changed catalogue in those of the running product."""
    found = files("add-a-check.md")
    assert set(found) == {KIND, CATALOGUE, TEST}
    load(KIND, found[KIND], tmp_path, monkeypatch)
    added: dict[str, Any] = {"__name__": "delivery.checks.kinds.changed_catalogue"}
    exec(compile(found[CATALOGUE], CATALOGUE, "exec"), added)  # noqa: S102  # ours, from the guide
    assert set(added["KINDS"]) - set(catalogue.KINDS) == {"reading_time"}
    monkeypatch.setitem(catalogue.KINDS, "reading_time", added["KINDS"]["reading_time"])
    return found


def test_the_guides_own_tests_pass(
    followed: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tests = load(TEST, followed[TEST], tmp_path, monkeypatch)

    tests.test_a_long_text_is_refused_with_its_length()
    for number in (0, 200):
        tests.test_a_short_text_passes(number)


def test_it_is_made_at_the_desk_and_asked_of_a_version(
    world: World, followed: dict[str, str]
) -> None:
    [page] = make_deliverables(world)
    browser, new = signed_in(world.olga), f"{url(Check, 'add')}?kind=reading_time"

    assert "Most minutes" in words(browser.get(new))
    sent = {"name": "Short texts", "position": "1", "is_active": "on", "param_minutes": "0"}
    browser.post(new, sent | {"reason": "People read on phones."})
    row = hand_in(world, page, DRAFT)
    judge([row], by=by(world.quin), at=NOW)

    check = Check.objects.get()
    assert (check.kind, check.params) == ("reading_time", {"minutes": 0})
    result = CheckResult.objects.filter(check_row=check).latest("pk")
    assert not result.passed
    assert result.findings == [
        {
            "message": "The text takes more than 0 minutes to read.",
            "evidence": "5 words",
            "place": "body",
        }
    ]

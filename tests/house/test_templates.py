"""Django takes the first template of a name, so a name that exists twice hides a page."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from tests.house.rooms import PACKAGES
from tests.house.rules import ROOT


def test_no_template_of_a_package_hides_one_of_another() -> None:
    places: defaultdict[Path, list[str]] = defaultdict(list)
    for package in (*PACKAGES, "config", "demo"):
        for path in sorted((ROOT / package).rglob("templates/**/*.*")):
            name = path.relative_to(next(p for p in path.parents if p.name == "templates"))
            places[name].append(package)

    assert len(places) > 100
    assert {name: found for name, found in places.items() if len(found) > 1} == {}

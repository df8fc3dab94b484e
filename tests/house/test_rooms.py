from pathlib import Path

import pytest

from tests.house.rooms import PACKAGES, findings, rooms_of


@pytest.fixture
def package(tmp_path: Path) -> Path:
    for room in ("above", "below"):
        (tmp_path / "shop" / room).mkdir(parents=True)
    (tmp_path / "shop" / "models.py").write_text("")
    (tmp_path / "shop" / "above" / "sell.py").write_text(
        "from shop.below.stock import take\nfrom shop.below import stock\n"
    )
    (tmp_path / "shop" / "above" / "admin.py").write_text("from shop.elsewhere import page\n")
    return tmp_path


def test_an_import_between_rooms_counts_once_and_pages_of_the_admin_do_not(package: Path):
    rooms = rooms_of("shop", package)

    assert rooms.arrows == {("above", "below")}
    assert rooms.loose == ("models",)


def test_a_loose_module_is_found(package: Path):
    (package / "shop" / "helpers.py").write_text("")

    assert list(findings(iter([rooms_of("shop", package)]))) == [
        "shop: helpers at its root; give each a room"
    ]


def test_a_room_that_imports_a_page_of_the_admin_is_found(package: Path):
    (package / "routing").mkdir()
    (package / "routing" / "below").mkdir()
    (package / "routing" / "below" / "stock.py").write_text(
        "from routing.below.admin import title\nfrom routing.below import facts\n"
    )
    (package / "routing" / "below" / "admin.py").write_text("from routing.below.admin import x\n")

    [found] = findings(iter([rooms_of("routing", package)]))

    assert found.startswith("routing/below/stock.py: imports routing.below.admin.title, a page")


@pytest.mark.parametrize("name", PACKAGES)
def test_our_packages_keep_to_their_rooms(name: str):
    assert list(findings(iter([rooms_of(name)]))) == []

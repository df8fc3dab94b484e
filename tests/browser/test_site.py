"""A page of a static destination, as the public sees it."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_django import Settings

from integrations.adapters.static.writer import StaticWriter
from tests.browser.conftest import WIDTHS, SitDown
from tests.integrations.publishing.writers import article, kept_connection
from tests.world import World

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("width", WIDTHS)
def test_a_published_page_is_readable_everywhere(
    sit_down: SitDown, agency: World, settings: Settings, tmp_path: Path, width: int
):
    settings.SITES_DIR = tmp_path
    StaticWriter(kept_connection("static")).write(article("bread"), None)
    desk = sit_down(width=width)

    page = desk.open("/site/static-main/bread/")

    assert page.get_by_role("heading", level=1).inner_text() == "Bread & “butter”: it's back"
    assert (
        page.get_by_alt_text('Four people at a "desk"').evaluate("image => image.naturalWidth") == 8
    )
    desk.check("site-page")

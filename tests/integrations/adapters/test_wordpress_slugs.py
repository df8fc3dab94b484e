"""I7: what we say of slugs is what a real WordPress does with them."""

from __future__ import annotations

from secrets import token_hex
from typing import Any

import httpx
import pytest

from integrations.adapters.wordpress.slugs import FEEDS, ITS_OWN, slug_fault
from tests.wordpress import WordPress

pytestmark = [pytest.mark.wordpress, pytest.mark.drill, pytest.mark.requirement("N5")]
REFUSED = [*sorted(FEEDS), "2026", "7", "page2", "comment-page-3", *sorted(ITS_OWN)]
KEPT = [
    "2026-review",
    "7-reasons",
    "feeds",
    "page",
    "page-two",
    "category",
    "tag",
    "author",
    "search",
    "comments",
    "admin",
    "login",
    "dashboard",
    "index",
    "wp",
    "a",
    "x" * 200,
]


def published(wordpress: WordPress, kind: str, slug: str) -> tuple[str, bool]:
    """Return the slug that a page got, and whether readers find it there."""
    words = token_hex(8)
    made: dict[str, Any] = wordpress.call(
        "POST",
        f"/{kind}",
        json={"title": words, "slug": slug, "content": f"<p>{words}</p>", "status": "publish"},
    )
    try:
        answer = httpx.get(f"{wordpress.url}/{slug}/", trust_env=False, timeout=30)
        found = words in answer.text and "application/json" not in answer.headers["content-type"]
        return made["slug"], found
    finally:
        wordpress.call("DELETE", f"/{kind}/{made['id']}", params={"force": "true"})


@pytest.mark.parametrize("kind", ["posts", "pages"])
@pytest.mark.parametrize("slug", KEPT)
def test_i7_a_slug_that_we_take_is_kept_and_readers_find_the_page(
    wordpress: WordPress, kind: str, slug: str
):
    assert slug_fault(slug) == ""

    assert published(wordpress, kind, slug) == (slug, True)


@pytest.mark.parametrize("slug", REFUSED)
def test_i7_a_slug_that_we_refuse_is_changed_or_hidden_there(wordpress: WordPress, slug: str):
    assert slug_fault(slug) != ""

    both = [published(wordpress, kind, slug) for kind in ("posts", "pages")]

    assert both != [(slug, True), (slug, True)]

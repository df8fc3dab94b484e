"""Chromium, a running server, and what to do on every page: look, measure, photograph."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from itertools import product
from pathlib import Path
from typing import Any, Literal, TypeAlias

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings as django_settings
from django.test import Client as Session
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, sync_playwright
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from routing.people.staff import User
from tests.world import World

ARGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
    "resultTypes": ["violations"],
}
COLOURS = {
    "runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]},
    "resultTypes": ["violations"],
}
Scheme: TypeAlias = Literal["light", "dark"]
WIDTHS = (1440, 390)
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
if os.environ.get("SCHEME") == "dark":  # a browser that is dark from the first page on
    SCHEMES = ("dark", "light")
HIGHEST_PICTURE = 1_800  # pixels
# G7: what a reader of a phone would not know to be there, beside what is shown.
HIDDEN_SIDEWAYS = """innerWidth > 400 ? [] : [...document.querySelectorAll(".tl-scroll")]
    .filter(each => each.scrollWidth > each.clientWidth + 1)
    .map(each => each.textContent.trim().replace(/\\s+/g, " ").slice(0, 60))"""
SCREENSHOTS = Path(__file__).resolve().parents[2] / "docs" / "screenshots"


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=list(ARGS)
        )
        yield browser
        browser.close()


@dataclass
class Desk:
    """
    One person at one screen; ``widths`` are those at which a page is looked at, in light and in
    dark.
    """

    page: Page
    server: str
    widths: tuple[int, ...]
    problems: list[str]

    def open(self, path: str) -> Page:
        answer = self.page.goto(self.server + path)
        assert answer is not None
        assert answer.status == 200, f"{path}: {answer.status}"
        return self.page

    def check(self, name: str) -> None:
        """
        The page is accessible, does not scroll sideways, and had no error in its console.

        Between light and dark only colours differ.
        """
        self.page.wait_for_load_state("networkidle")
        for width, scheme in product(self.widths, SCHEMES):
            self._look(width, scheme)
            self._judge(f"{name}-{width}-{scheme}", RULES if scheme == SCHEMES[0] else COLOURS)
        self._look(self.widths[0], SCHEMES[0])

    def check_all(self, pages: Mapping[str, str]) -> None:
        """Every page, by its name: one that is not as it should be does not hide the next."""
        problems = []
        for name, path in pages.items():
            self.open(path)
            try:
                self.check(name)
            except AssertionError as problem:
                problems.append(str(problem).split("\n", maxsplit=1)[0])
        assert not problems, "\n".join(problems)

    def _look(self, width: int, scheme: Scheme) -> None:
        """Anew only where it changes: a page takes its time to be laid out."""
        if self.page.viewport_size != (size := _size(width)):
            self.page.set_viewport_size(size)
        self.page.emulate_media(color_scheme=scheme)
        # Pages of the desk follow the system by a script, unless somebody chose a theme. Others
        # follow it by their style sheet.
        self.page.wait_for_function(
            """dark => !document.documentElement.hasAttribute("x-data")
                || Alpine.$data(document.documentElement).adminTheme !== "auto"
                || document.documentElement.classList.contains("dark") === dark""",
            arg=scheme == "dark",
        )

    def _judge(self, name: str, rules: dict[str, Any]) -> None:
        found = Axe().run(self.page, options=rules).response["violations"]
        told = [f"{each['id']}: {node['html'][:200]}" for each in found for node in each["nodes"]]
        width = self.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        inside = self.page.evaluate(HIDDEN_SIDEWAYS)
        if os.environ.get("SCREENSHOTS") == "1":
            photograph(self.page, SCREENSHOTS / f"{name}.png")
        assert not told, f"{name}: {told}"
        assert width <= 0, f"{name} scrolls sideways by {width} px"
        assert not inside, f"{name}: {inside} scroll sideways"
        assert not self.problems, f"{name}: {self.problems}"


def photograph(page: Page, path: Path) -> None:
    """Write a picture of the page, or of the top of a long one, in a third of the bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    taken = Image.open(BytesIO(page.screenshot(full_page=True))).convert("RGB")
    shown = taken.crop((0, 0, taken.width, min(taken.height, HIGHEST_PICTURE)))
    # Of the methods to choose the colours, this one keeps those of few pixels, such as a red word.
    few = shown.quantize(method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    few.save(path, optimize=True)


def _size(width: int) -> ViewportSize:
    return {"width": width, "height": 900}


SitDown = Callable[..., Desk]


@pytest.fixture
def sit_down(chromium: Browser, live_server: LiveServer, settings: Settings) -> Iterator[SitDown]:
    """
    Put a person, or somebody signed out, in front of a screen: ``sit_down(user, width=390)``;
    without a width, of all of them.
    """
    settings.EMBEDDED = True
    contexts: list[BrowserContext] = []

    def make(user: User | None = None, *, width: int | None = None) -> Desk:
        widths = (width,) if width else WIDTHS
        context = chromium.new_context(viewport=_size(widths[0]), color_scheme=SCHEMES[0])
        contexts.append(context)
        if user is not None:
            session = Session()
            session.force_login(user)
            name = django_settings.SESSION_COOKIE_NAME
            context.add_cookies(
                [{"name": name, "value": session.cookies[name].value, "url": live_server.url}]
            )
        page, problems = context.new_page(), []
        page.on(
            "console",
            lambda said: (
                problems.append(said.text)
                if said.type == "error" and not _refused(said.text)
                else None
            ),
        )
        page.on("pageerror", lambda error: problems.append(str(error)))
        return Desk(page, live_server.url, widths, problems)

    yield make
    for context in contexts:
        context.close()


def _refused(text: str) -> bool:
    """Chromium tells of every answer from 400 up; ours to a refused step is meant."""
    return bool(re.search(r"status of (403|404|409|422)", text))


@pytest.fixture
def agency(committed_world: World) -> World:
    for user in (committed_world.alice, committed_world.olga):
        user.set_password("a long enough password")
        user.save()
    return committed_world

"""Two ways to fill in a page: with a mouse, or with the keys of a keyboard alone."""

from __future__ import annotations

import re
from typing import Protocol

from playwright.sync_api import Locator, Page

MOST_TABS = 250  # further than that, nobody looks for a field
IS_FOCUSED = "element => element === document.activeElement"


def field(place: Page | Locator, label: str) -> Locator:
    """Return the field of this label; a star behind it says that it is required."""
    return place.get_by_label(re.compile(rf"^\s*{re.escape(label)}\s*\*?\s*$"))


class Hand(Protocol):
    def enter(self, place: Locator, text: str) -> None: ...

    def choose(self, place: Locator, label: str) -> None: ...

    def tick(self, place: Locator) -> None: ...

    def press(self, place: Locator) -> None: ...


class Mouse:
    def enter(self, place: Locator, text: str) -> None:
        place.click()
        place.fill(text)

    def choose(self, place: Locator, label: str) -> None:
        place.select_option(label=label)

    def tick(self, place: Locator) -> None:
        place.check()

    def press(self, place: Locator) -> None:
        place.click()


class Keyboard:
    """Tab to get there, then typing, space and return: never a pointer."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def go_to(self, place: Locator) -> None:
        for _ in range(MOST_TABS):
            if place.evaluate(IS_FOCUSED):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"No key leads to {place}")

    def enter(self, place: Locator, text: str) -> None:
        self.go_to(place)
        self.page.keyboard.press("Control+A")
        self.page.keyboard.type(text)

    def choose(self, place: Locator, label: str) -> None:
        self.go_to(place)
        self.page.keyboard.type(label)

    def tick(self, place: Locator) -> None:
        self.go_to(place)
        self.page.keyboard.press("Space")

    def press(self, place: Locator) -> None:
        self.go_to(place)
        self.page.keyboard.press("Enter")

"""
Text with fields in braces, such as ``{deal.name}``: nothing but a known field's value can come out
of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

FIELD = re.compile(r"\{([a-z]+(?:\.[a-z][a-z_]*)+)\}")
EMPTY = "—"


def placeholders(text: str) -> set[str]:
    return set(FIELD.findall(text))


def fill(text: str, facts: Mapping[str, Any]) -> str:
    """
    The text with each field's value, a dash where there is none; other braces stay as they are.
    """
    return FIELD.sub(lambda found: _shown(facts.get(found[1])), text)


def _shown(value: Any) -> str:
    return EMPTY if value is None or value == "" else str(value)

"""
Text with fields in braces, such as ``{deal.name}``. Only values of known fields are filled in.
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
    Return the text with the value of each field, or a dash. Other braces stay as they are.
    """
    # Not ``str.format``, which would also resolve attributes such as ``{deal.__class__}``.
    return FIELD.sub(lambda found: _shown(facts.get(found[1])), text)


def _shown(value: Any) -> str:
    return EMPTY if value is None or value == "" else str(value)

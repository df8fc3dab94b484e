"""
The settings of a connection: each kind declares a check for every name that it reads.

Whatever does not pass is refused when it is written, and read as if it were not there. So nothing
that was saved, by whatever version, can break a page or a call.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from difflib import get_close_matches
from typing import Any, TypeAlias

from django.utils.translation import gettext as _

Check: TypeAlias = Callable[[Any], str]  # says what to give, or nothing if the value is good
Schema: TypeAlias = Mapping[str, Check]

FACT = re.compile(r"[a-z]{1,40}(\.[a-z][a-z_]{0,60}){1,6}", re.ASCII)
MAX_DIGITS = 18  # fits a bigint
_schemas: dict[str, Schema] = {}


def schema(kind: str, **checks: Check) -> Schema:
    """Declare the settings of a kind of connection, beside those that every kind has."""
    _schemas[kind] = {"only_by_name": yes_or_no, **checks}
    return _schemas[kind]


def schema_of(kind: str) -> Schema:
    return _schemas.get(kind, {})


def fault_in(kind: str, settings: Any) -> str:
    """Return what is wrong with the settings and what to give instead, or an empty string."""
    if not isinstance(settings, dict):
        return _("Settings are names with their values.")
    checks = schema_of(kind)
    for name, value in settings.items():
        if name not in checks:
            return _("There is no setting “%(name)s”. %(hint)s") % {
                "name": name,
                "hint": near(name, checks),
            }
        if fault := checks[name](value):
            return _("%(name)s: %(fault)s") % {"name": name, "fault": fault}
    return ""


def readable(kind: str, settings: Any) -> dict[str, Any]:
    """Return the settings that pass their checks. Others were saved by an earlier version."""
    if not isinstance(settings, dict):
        return {}
    checks, found = schema_of(kind), {}
    for name, value in settings.items():
        check = checks.get(name)
        if check is None or not check(value):
            found[name] = value
        elif isinstance(value, dict):
            # One bad entry must not take the others with it.
            found[name] = {key: each for key, each in value.items() if not check({key: each})}
    return found


def near(name: str, known: Collection[str]) -> str:
    """Return the known names that are like this one, or all of them."""
    if found := get_close_matches(name, known, n=3):
        return _("Did you mean %(names)s?") % {"names": ", ".join(found)}
    if not known:
        return _("This kind has none.")
    return _("Known: %(names)s.") % {"names": ", ".join(sorted(known))}


# -- Checks ----------------------------------------------------------------------------------------


def yes_or_no(value: Any) -> str:
    return "" if isinstance(value, bool) else _("give true or false.")


def digits(value: Any) -> str:
    """Check a number that identifies something, which may be written as text."""
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    if text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS:
        return ""
    return _("give a whole number.")


def matching(pattern: str, hint: Any) -> Check:
    """Return a check for text of this pattern."""
    whole = re.compile(pattern, re.ASCII)

    def check(value: Any) -> str:
        return "" if isinstance(value, str) and whole.fullmatch(value) else str(hint)

    return check


def seconds(most: int, hint: Any) -> Check:
    def check(value: Any) -> str:
        good = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= most
        return "" if good else str(hint)

    return check


def facts_of(pattern: str, hint: Any) -> Check:
    """Return a check for a mapping of facts, such as ``deal.amount``, to text of this pattern."""
    whole = re.compile(pattern)

    def check(value: Any) -> str:
        if not isinstance(value, dict):
            return str(hint)
        for name, each in value.items():
            if not FACT.fullmatch(name):
                return _("“%(name)s” is not a fact. Enter one such as deal.amount.") % {
                    "name": name
                }
            if not isinstance(each, str) or not whole.fullmatch(each):
                return _("“%(name)s”: %(hint)s") % {"name": name, "hint": hint}
        return ""

    return check


def names(known: Collection[str], pattern: str, hint: Any) -> Check:
    """Return a check for a mapping of known names to text of this pattern."""
    whole = re.compile(pattern)

    def check(value: Any) -> str:
        if not isinstance(value, dict):
            return str(hint)
        for name, each in value.items():
            if name not in known:
                return _("“%(name)s” is unknown. %(hint)s") % {
                    "name": name,
                    "hint": near(name, known),
                }
            if not isinstance(each, str) or not whole.fullmatch(each):
                return _("“%(name)s”: %(hint)s") % {"name": name, "hint": hint}
        return ""

    return check

"""Private names of libraries that we depend on: few, each for a reason, and none unnoticed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from enum import Enum
from importlib import import_module
from inspect import getmembers, isclass
from pkgutil import walk_packages

from django.conf import settings

# A method of a library that a class of ours replaces, though its name says that it may change. The
# reason stands beside each of ours.
REPLACED = {
    "ChangeList._get_deterministic_ordering",
    "FileSystemStorage._save",
    "HistoricalRecords._get_history_user_fields",
    "ModelAdmin._get_obj_does_not_exist_redirect",
    "SessionStore._get_session_from_db",  # looks a session up by the digest of its key
}
# Set by Python and Django on every class of a kind.
WRITTEN_BY_THEM = {"_abc_impl", "_base_manager", "_default_manager", "_is_protocol", "_meta"}


def ours() -> Iterator[type]:
    for package in settings.OUR_APPS:
        for module in walk_packages(import_module(package).__path__, f"{package}."):
            if ".migrations" not in module.name:
                for _, found in getmembers(import_module(module.name), isclass):
                    if found.__module__ == module.name and not issubclass(found, Enum):
                        yield found


def replaced(found: type) -> Iterator[str]:
    """Name the private methods of libraries that a class replaces."""
    for name in vars(found).keys() - WRITTEN_BY_THEM:
        if name.startswith("_") and not name.startswith("__"):
            for base in found.__mro__[1:]:
                package = base.__module__.partition(".")[0]
                theirs = package not in {*settings.OUR_APPS, *sys.stdlib_module_names}
                if theirs and name in vars(base):
                    yield f"{base.__name__}.{name}"
                    break


def test_private_methods_of_libraries_are_replaced_in_these_places_alone() -> None:
    names: set[str] = set()
    for found in ours():
        names.update(replaced(found))

    assert names == REPLACED

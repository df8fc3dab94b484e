"""Compare the migrations of a database with those of this code."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

Name = tuple[str, str]  # app label, migration


@dataclass(frozen=True, slots=True)
class MigrationStatus:
    pending: tuple[str, ...]  # known to this code, not applied
    unknown: tuple[str, ...]  # applied to our apps by code that is newer than this
    empty: bool  # nothing was ever applied


@cache
def _known() -> frozenset[Name]:
    loader = MigrationLoader(None, ignore_no_migrations=True)
    return frozenset(loader.graph.nodes)


@cache
def _replaced() -> frozenset[Name]:
    """Return the migrations that squashed ones replace. They count as known."""
    replaced: set[Name] = set()
    for migration in MigrationLoader(None, ignore_no_migrations=True).disk_migrations.values():
        replaced.update(migration.replaces)
    return frozenset(replaced)


def migration_status(connection: BaseDatabaseWrapper) -> MigrationStatus:
    applied = set(MigrationRecorder(connection).applied_migrations())
    ours = {name for name in applied if name[0] in settings.OUR_APPS}
    return MigrationStatus(
        pending=_words(_known() - applied),
        unknown=_words(ours - _known() - _replaced()),
        empty=not applied,
    )


def _words(names: frozenset[Name] | set[Name]) -> tuple[str, ...]:
    return tuple(f"{app}.{migration}" for app, migration in sorted(names))

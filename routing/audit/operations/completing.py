"""
Complete an erasure as the owner of the database: history, evidence, every declared field that names
the person, and the files of the product.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.contrib.sessions.models import Session
from django.db import DatabaseError, connections, transaction
from psycopg import sql

from routing.audit import disk
from routing.audit.models import Erasure
from routing.audit.operations.erasure import remember
from routing.audit.operations.redaction import OWNER, rewrite
from routing.audit.operations.seals import Types, column_types, seal
from routing.audit.persons import person_of
from routing.audit.places import SOMEBODY, Person, TextPlace, spared_rows, text_places
from routing.audit.scanning import TableFindings, scan_table
from routing.people.actors import Actor
from routing.people.finder import Finder
from routing.people.saving import tell
from routing.work.files import File
from routing.work.operations.files import erase_uploads
from routing.work.registry import announce

COMPLETED = announce("routing.contact.complete_erasure")
PASSES = 3  # rows that were written while an earlier pass was searching
MOST_ROWS = 50  # of one transaction, which holds their locks
FILES = TextPlace(File, ("name",), (), None, None)
BYTES = "storage_key"  # stands for the content of a file in a list of places


@dataclass(slots=True)
class ErasureReport:
    """
    Result of an erasure. It has tables, rows and numbers, and the excerpts of ``near`` matches,
    which are never stored.

    ``left`` has what still holds the person, and is empty when all went well. ``published`` is
    never rewritten, ``near`` may be somebody else, and ``dumps`` were taken before.
    """

    contact: int
    rewritten: Counter[str] = field(default_factory=Counter)
    uploads: int = 0
    kept_uploads: int = 0
    mails: int = 0
    files: int = 0
    sessions: int = 0
    left: list[str] = field(default_factory=list)
    published: list[str] = field(default_factory=list)
    near: list[tuple[str, str]] = field(default_factory=list)
    too_many_near: dict[str, int] = field(default_factory=dict)
    dumps: list[str] = field(default_factory=list)

    def stored(self) -> dict[str, Any]:
        """Return the report as it is kept: without a word of what was found."""
        return {
            "rewritten": dict(+self.rewritten),
            "uploads": self.uploads,
            "kept_uploads": self.kept_uploads,
            "mails": self.mails,
            "files": self.files,
            "left": self.left,
            "published": self.published,
            "near": [place for place, _excerpt in self.near],
            "too_many_near": self.too_many_near,
            "dumps": self.dumps,
            "decided": {},
        }


def complete(
    erasure: Erasure,
    *,
    by: Actor,
    at: datetime,
    keep_words: bool = False,
    all_uploads: bool = False,
) -> ErasureReport:
    """
    Rewrite everything that names the person, and search again for what is left.

    It can be repeated until the report has nothing left. The terms are removed then.

    :param keep_words: leave the other words in rows that are the person's own
    :param all_uploads: delete everything they uploaded, also what does not name them
    :raises NothingKnown: see ``person_of``
    :raises redis.RedisError: if the cache of previews does not answer; what was rewritten stays so
    """
    person = person_of(erasure)
    finder, report = person.finder(), ErasureReport(erasure.contact_id)
    remember(person.identity, at)
    seal(at=at)
    types, places = column_types(), text_places()
    found = _search(places, person, finder, keep_words=keep_words)
    for _ in range(PASSES):
        rewrote = Counter(
            {each.place.table: _write(each, finder, types, erasure, at) for each in found}
        )
        report.rewritten += rewrote
        if not +rewrote:
            break
        found = _search(places, person, finder, keep_words=keep_words)
    report.uploads, report.kept_uploads = _erase_uploads(person, finder, by, at, all_uploads)
    report.mails = disk.clean_kept_mail(finder)
    report.files = disk.clean_text_files(finder)
    report.sessions = _end_sessions(person, finder)
    _forget_statistics(places)
    _list_what_stays(report, found, finder)
    _keep(erasure, report, by, at)
    return report


def preview(person: Person, *, keep_words: bool = False) -> ErasureReport:
    """Return what an erasure would rewrite and list, and change nothing."""
    finder, report = person.finder(), ErasureReport(person.contact_id)
    for found in _search(text_places(), person, finder, keep_words=keep_words):
        report.rewritten[found.place.table] += len(found.rewrites)
        _list(found, report)
    report.published += disk.pages_with(finder)
    report.dumps = disk.dumps()
    return report


def _search(
    places: Sequence[TextPlace], person: Person, finder: Finder, *, keep_words: bool
) -> list[TableFindings]:
    return [
        scan_table(place, person, finder, using=OWNER, keep_words=keep_words) for place in places
    ]


def _write(
    found: TableFindings, finder: Finder, types: Types, erasure: Erasure, at: datetime
) -> int:
    """Rewrite the rows of one table, and return their number."""
    keys = sorted(found.rewrites)
    done = 0
    for first in range(0, len(keys), MOST_ROWS):
        with transaction.atomic(using=OWNER):
            for key in keys[first : first + MOST_ROWS]:
                done += _written(found, key, finder, types, erasure, at)
    return done


def _written(
    found: TableFindings, key: Any, finder: Finder, types: Types, erasure: Erasure, at: datetime
) -> bool:
    """Rewrite one row. A row that the database refuses is left, and the last search lists it."""
    place = found.place
    try:
        with transaction.atomic(using=OWNER):
            # Read again under a lock: somebody may have changed the row since the search.
            row = place.locked(key, OWNER)
            columns = _columns(place, found.new_values(key, row, finder)) if row else {}
            if columns and place.ledger is not None:
                reason = f"Erasure of contact {erasure.contact_id}"
                rewrite(place.ledger, key, columns, types=types, reason=reason, at=at)
            elif columns:
                _update(place, key, columns, at)
    except DatabaseError:
        return False
    return bool(columns)


def _columns(place: TextPlace, values: dict[str, Any]) -> dict[str, Any]:
    """Return the values by column, as the database takes them."""
    found = {}
    for name, value in values.items():
        field = place.model._meta.get_field(name)
        found[str(field.column)] = field.get_db_prep_save(value, connections[OWNER])
    return found


def _update(place: TextPlace, key: Any, columns: dict[str, Any], at: datetime) -> None:
    fields = {each.name for each in place.model._meta.concrete_fields}
    if "erased_at" in fields:
        columns = {**columns, "erased_at": at}
    assignments = sql.SQL(", ").join(
        sql.SQL("{} = {}").format(sql.Identifier(column), sql.Placeholder(f"v_{column}"))
        for column in columns
    )
    statement = sql.SQL("UPDATE {} SET {} WHERE {} = %(key)s").format(
        sql.Identifier(place.table),
        assignments,
        sql.Identifier(str(place.model._meta.pk.column)),
    )
    params = {f"v_{column}": value for column, value in columns.items()}
    with connections[OWNER].cursor() as cursor:
        cursor.execute(statement, {"key": key, **params})


def _erase_uploads(
    person: Person, finder: Finder, by: Actor, at: datetime, all_uploads: bool
) -> tuple[int, int]:
    """Delete uploads of the person, and return how many were deleted and how many stay."""
    own = list(File.objects.kept().filter(uploader__in=person.user_ids))
    published = spared_rows(FILES, OWNER)
    naming = {
        file.pk
        for file in own
        if file.pk not in published and (all_uploads or disk.upload_names(file, finder))
    }
    erased = erase_uploads(person.contact_id, by=by, at=at, only=naming) if naming else 0
    return erased, len(own) - erased


def _end_sessions(person: Person, finder: Finder) -> int:
    """End the sessions of the person and those whose data names them. Return their number."""
    accounts = {str(user_id) for user_id in person.user_ids}
    ended = []
    for session in Session.objects.iterator():
        data = session.get_decoded()
        if data.get("_auth_user_id") in accounts or finder.has(data):
            ended.append(session.pk)
    Session.objects.filter(pk__in=ended).delete()
    return len(ended)


def _forget_statistics(places: Sequence[TextPlace]) -> None:
    """Renew the planner's statistics. They hold frequent values, and some dumps have them."""
    with connections[OWNER].cursor() as cursor:
        for place in places:
            cursor.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(place.table)))


def _list_what_stays(report: ErasureReport, found: Sequence[TableFindings], finder: Finder) -> None:
    for each in found:
        table = each.place.table
        for key, names in each.rewrites.items():
            report.left += [f"{table}:{key}:{name}" for name in names]
        _list(each, report)
    report.left += disk.files_with(finder)
    report.published += disk.pages_with(finder)
    _look_at_uploads(report, finder)
    report.dumps = disk.dumps()


def _look_at_uploads(report: ErasureReport, finder: Finder) -> None:
    """List files of other people that name the person, and published ones."""
    published = spared_rows(FILES, OWNER)
    for file in File.objects.kept().iterator():
        if disk.upload_names(file, finder):
            place = f"{FILES.table}:{file.pk}:{BYTES}"
            if file.pk in published:
                report.published.append(place)
            else:
                report.near.append((place, f"In the bytes of file {file.pk}"))


def _list(found: TableFindings, report: ErasureReport) -> None:
    report.left += map(str, found.undeclared)
    report.published += [str(place) for place in found.spared if place.why != SOMEBODY]
    report.near += [(str(place), SOMEBODY) for place in found.spared if place.why == SOMEBODY]
    report.near += [(str(place), excerpt) for place, excerpt in found.near]
    if found.too_many:
        report.too_many_near[found.place.table] = found.too_many


def _keep(erasure: Erasure, report: ErasureReport, by: Actor, at: datetime) -> None:
    """Keep the report. The terms are removed once nothing is left."""
    with transaction.atomic():
        erasure.report = report.stored()
        if not report.left:
            erasure.terms, erasure.done_at = "", at
        erasure.save(update_fields=["report", "terms", "done_at"])
        tell(COMPLETED.kind, erasure.contact_id, by=by, at=at)


def report_of(erasure: Erasure) -> ErasureReport:
    """Return the kept report of a complete erasure, without excerpts."""
    kept = erasure.report
    return ErasureReport(
        contact=erasure.contact_id,
        left=list(kept.get("left", ())),
        published=list(kept.get("published", ())),
        near=[
            (place, "") for place in kept.get("near", ()) if place not in kept.get("decided", {})
        ],
        too_many_near=dict(kept.get("too_many_near", {})),
        dumps=disk.dumps(),
    )

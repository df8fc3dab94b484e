"""Export everything that is one person's: rows with their history as JSON, and files."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from allauth.account.models import EmailAddress
from django.apps import apps
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, models
from django.db.models import Q

from routing.audit import disk
from routing.audit.others import OtherPeople
from routing.audit.persons import identity_of
from routing.audit.places import Person, own_rows, text_places
from routing.kernel.events import Event, Payload
from routing.kernel.storage import private
from routing.kernel.texts import redactable_fields
from routing.people.actors import Actor
from routing.people.clients import Contact
from routing.people.finder import Finder
from routing.people.saving import tell
from routing.people.staff import User
from routing.runs.models import Enrichment
from routing.work.file_types.names import clean
from routing.work.files import File
from routing.work.registry import announce

EXPORTED = announce("routing.contact.export")
SECRET = frozenset({"password", "session_epoch", "storage_key", "terms"})
AROUND = 200  # characters of an excerpt on both sides
Row = dict[str, Any]


class FolderNotEmpty(ValueError):
    """The export would mix with files that are there already."""


@dataclass(slots=True)
class SubjectExport:
    """Numbers of an export, and its rows by table."""

    tables: dict[str, list[Row]] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)

    @property
    def rows(self) -> int:
        return sum(len(rows) for rows in self.tables.values())


def export_subject(
    contact: Contact, terms: Mapping[str, list[str]], folder: Path, *, by: Actor, at: datetime
) -> SubjectExport:
    """
    Write one JSON file for each table, and the files of the person, into a new folder.

    Other contacts are masked in text. Rows of others that name the person are excerpts.

    :param terms: names, addresses and numbers of the person
    :raises FolderNotEmpty: see the class; nothing was written
    """
    by.require("routing.erase_contact", to="export personal data")
    if folder.exists() and any(folder.iterdir()):
        raise FolderNotEmpty(f"{folder} is not empty. Name a new folder.")
    accounts = tuple(User.objects.filter(contact=contact).values_list("pk", flat=True))
    person = Person(contact.pk, accounts, identity_of(contact.pk, accounts, terms))
    made = SubjectExport()
    others = OtherPeople(person)
    for model, rows in _rows(person):
        if rows:
            made.tables[model._meta.db_table] = [others.masked(row) for row in rows]
    _add_mentions(made, person, others)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _write_files(made, person, folder)
    for table, found in made.tables.items():
        _write(folder / f"{table}.json", found)
    _write(folder / "index.json", _index(made, contact, at))
    tell(EXPORTED.kind, contact.pk, by=by, at=at)
    return made


def _index(made: SubjectExport, contact: Contact, at: datetime) -> Row:
    return {
        "contact": contact.pk,
        "at": at,
        "tables": {table: len(rows) for table, rows in made.tables.items()},
        "files": made.files,
    }


def _rows(person: Person) -> Iterator[tuple[type[models.Model], list[Row]]]:
    """Yield the rows that are the person's, by model, and the history of these rows."""
    for model in apps.get_models():
        if model._meta.proxy or not (_is_ours(model) or model is EmailAddress):
            continue
        own = _own(model, person)
        tied = [row for row in _tied(model, person) if row.pk not in {each.pk for each in own}]
        yield model, [_row(row) for row in own] + [_row(row, words=False) for row in tied]
        if hasattr(model, "history"):
            history = model.history.model
            keys = f"{model._meta.pk.attname}__in"
            past = history.objects.filter(**{keys: [row.pk for row in own]}).order_by("pk")
            shown = [_row(row) for row in past]
            past = history.objects.filter(**{keys: [row.pk for row in tied]}).order_by("pk")
            yield history, shown + [_row(row, words=False) for row in past]


def _is_ours(model: type[models.Model]) -> bool:
    return model._meta.app_label in settings.OUR_APPS and not hasattr(model, "instance_type")


def _own(model: type[models.Model], person: Person) -> list[Any]:
    """Return the rows whose words are the person's."""
    manager = model._base_manager
    runs = Enrichment.objects.filter(contact_ids__contains=person.contact_id).values("run")
    conditions = {
        Contact: Q(pk=person.contact_id),
        User: Q(pk__in=person.user_ids),
        EmailAddress: Q(user__in=person.user_ids),
        Enrichment: Q(contact_ids__contains=person.contact_id),
        Payload: Q(event__parts__run__in=runs),
        Event: Q(actor__in=person.user_ids)
        | Q(kind__startswith="routing.contact.", object_id=person.contact_id),
    }
    condition = conditions.get(model)
    if condition is None and model in own_rows():
        condition = own_rows()[model](person)
    return [] if condition is None else list(manager.filter(condition).distinct().order_by("pk"))


def _tied(model: type[models.Model], person: Person) -> list[Any]:
    """Return the rows that refer to the person or to their account, whose words may be others'."""
    condition = Q()
    for each in model._meta.concrete_fields:
        if each.related_model is Contact:
            condition |= Q(**{each.name: person.contact_id})
        elif each.related_model is User and person.user_ids:
            condition |= Q(**{f"{each.name}__in": person.user_ids})
    if not condition:
        return []
    return list(model._base_manager.filter(condition).order_by("pk"))


def _row(row: models.Model, *, words: bool = True) -> Row:
    """:param words: False leaves out text that may be somebody else's"""
    tracked = getattr(type(row), "instance_type", type(row))
    left_out = (
        set(SECRET) if words else {*SECRET, *redactable_fields(tracked), "history_change_reason"}
    )
    return {
        each.attname: _plain(getattr(row, each.attname))
        for each in row._meta.concrete_fields
        if each.name not in left_out
    }


def _plain(value: Any) -> Any:
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).decode("utf-8", errors="replace")
    if isinstance(value, datetime | date):
        return value.isoformat()
    if value is None or isinstance(value, str | int | float | bool | Mapping | list | tuple):
        return value
    return str(value)


def _add_mentions(made: SubjectExport, person: Person, others: OtherPeople) -> None:
    """Add excerpts of all other text that names the person."""
    finder = person.finder()
    found: list[Row] = []
    for place in text_places():
        full = {
            str(row.get(place.model._meta.pk.attname)) for row in made.tables.get(place.table, ())
        }
        for key, row in place.rows(DEFAULT_DB_ALIAS):
            if str(key) in full:
                continue
            for name in place.fields:
                found += [
                    {
                        "table": place.table,
                        "row": str(key),
                        "column": name,
                        "text": others.masked(text),
                    }
                    for text in _excerpts(row[name], finder)
                ]
    if found:
        made.tables["mentions"] = found


def _excerpts(value: Any, finder: Finder) -> Iterator[str]:
    if not value or not finder.has(value):
        return
    text = (
        value
        if isinstance(value, str)
        else json.dumps(_plain(value), ensure_ascii=False, default=str)
    )
    last = 0
    for start, end in finder.spans(text):
        if start >= last:  # otherwise it is within the excerpt before
            last = end + AROUND
            yield text[max(start - AROUND, 0) : last]


def _write_files(made: SubjectExport, person: Person, folder: Path) -> None:
    """Copy what the person uploaded, and kept e-mails to them."""
    for file in File.objects.kept().filter(uploader__in=person.user_ids).order_by("pk"):
        target = folder / "files" / f"{file.pk}-{clean(file.name) or 'file'}"
        target.parent.mkdir(mode=0o700, exist_ok=True)
        try:
            with private().open(file.storage_key) as stream, target.open("xb") as out:
                shutil.copyfileobj(stream, out)
        except FileNotFoundError:
            target.unlink(missing_ok=True)
            continue
        made.files.append(f"files/{target.name}")
    for path in disk.mails_to(person.finder()):
        target = folder / "mail" / path.name
        target.parent.mkdir(mode=0o700, exist_ok=True)
        shutil.copyfile(path, target)
        made.files.append(f"mail/{target.name}")


def _write(path: Path, content: Any) -> None:
    path.write_text(
        json.dumps(content, indent=2, ensure_ascii=False, default=str), encoding="utf-8"
    )
    path.chmod(0o600)

"""
Whose turn it is, in words: the status line of a work page, and the column “Waits for” of lists.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from html import unescape
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS
from django.db.models import Model, OuterRef, QuerySet, Subquery
from django.db.models.expressions import RawSQL
from django.db.models.functions import JSONObject
from django.utils.formats import date_format
from django.utils.html import conditional_escape, format_html, strip_tags
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from psycopg.sql import Literal

from routing.desk.addresses import work_page
from routing.kernel.roles import holders
from routing.people.actors import Actor
from routing.people.staff import User
from routing.work import display
from routing.work.gates import Words
from routing.work.items import WorkItem
from routing.work.kinds import models_by_kind
from routing.work.operations.items import resume
from routing.work.turn_times import turns_began
from routing.work.turns import (
    ASSIGNEE,
    HELD,
    PARTS,
    SYSTEM,
    Turn,
    next_attempt_of,
    related_of,
    turn_of,
    values_of,
    values_of_noun,
    with_turns,
)
from routing.work.visibility import work_seen_by

NAMED = 3  # people that a sentence names; of more it says how many there are
SHOWN_PARTS = 3


# -- Lists -----------------------------------------------------------------------------------------


def with_waits(rows: QuerySet[Any], by: Actor) -> QuerySet[Any]:
    """
    Annotate rows of a page of a list with whose turn it is, and with their open parts.

    ``turn_parts`` holds reference and kind of each part that the actor sees. Annotate after
    filtering and counting: the values are computed for the rows that are shown. The rows cannot be
    a subquery of another query.
    """
    model: type[Model] = rows.model
    found: QuerySet[Any] = rows.annotate(**_waits(model, by))
    return found


@lru_cache(maxsize=512)
def _waits(model: type[Model], by: Actor) -> Mapping[str, Subquery[Any] | RawSQL]:
    """Return the annotations as finished SQL."""
    # Cached, because Django needs 15 ms to make this SQL, half the time of a page. An actor's value
    # includes all of their rights, so other rights make another key.
    item = "pk" if model is WorkItem else "item_id"
    # A queryset of work items of its own, because the conditions of turns are on work items.
    mine = WorkItem.objects.filter(pk=OuterRef(item)).order_by()
    turn: Any = with_turns(mine, model=None if model is WorkItem else model)
    parts = work_seen_by(by).filter(parent=OuterRef(item), is_open=True).order_by("pk")
    made: dict[str, Subquery[Any]] = {
        "turn_key": Subquery(turn.values("turn_key")),
        "turn_parts": ArraySubquery(parts.values(part=JSONObject(ref="ref", kind="kind"))),
    }
    query = model._base_manager.annotate(**made).query
    compiler = query.get_compiler(DEFAULT_DB_ALIAS)
    try:
        compiled = {name: compiler.compile(query.annotations[name]) for name in made}
    except EmptyResultSet:  # the actor sees no work, and Django has values for that
        return made
    return {
        name: RawSQL(_with_values(*sql), (), made[name].output_field)  # noqa: S611  # made by Django
        for name, sql in compiled.items()
    }


def _with_values(statement: str, values: Sequence[Any]) -> str:
    """Return SQL with its values written into it, so that no page has to quote them again."""
    return (statement % tuple(Literal(each).as_string() for each in values)).replace("%", "%%")


def in_list(row: Any) -> Words:
    """Return whom a row from ``with_waits`` waits for, without a query."""
    item: WorkItem = getattr(row, "item", row)
    turn = turn_of(row)
    if turn is None:
        return _("On hold") if row.turn_key == HELD else display.NOTHING
    if turn.party is PARTS:
        refs = [part["ref"] for part in row.turn_parts if part["kind"] in turn.parts]
        more = [_("%(count)s more") % {"count": len(refs) - SHOWN_PARTS}]
        shown = refs if len(refs) <= SHOWN_PARTS else refs[:SHOWN_PARTS] + more
        return ", ".join(shown) or turn.party.label
    person = _person(item, turn)
    return str(person) if person else turn.party.label


def _person(item: WorkItem, turn: Turn) -> User | None:
    """Return the one person of the item whose turn it is, or None if there is not just one."""
    if turn.party is ASSIGNEE:
        return item.doer or item.owner
    found: User | None = getattr(item, turn.party.column) if turn.party.column else None
    return found


# -- Today -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WaitingTurn:
    """A work item with what is to be done, in a few words, and the time since when."""

    item: WorkItem
    act: str
    since: datetime | None


def turns_in_words(items: Sequence[Any]) -> list[WaitingTurn]:
    """Return the turns of items from ``with_turns``, in the same order."""
    began, values, found = turns_began(items), values_of(items), []
    for item in items:
        turn = turn_of(item)
        act = _act(turn, values.get(item.pk, {})) if turn else ""
        found.append(WaitingTurn(item, act, began.get(item.pk)))
    return found


def _act(turn: Turn, values: Mapping[str, Any]) -> str:
    return capfirst(str(turn.act) % values)


# -- The status line of a page ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WaitingPart:
    """A part that the work waits for, with whose turn it is there."""

    item: WorkItem
    who: Words
    act: str


@dataclass(frozen=True, slots=True)
class StatusLine:
    """
    A sentence about what open work waits for, with more sentences and the parts it waits for.

    ``is_mine`` is true if the reader is one of those whose turn it is.
    """

    sentence: str
    more: tuple[str, ...] = ()
    parts: tuple[WaitingPart, ...] = ()
    is_mine: bool = False


def status_line(row: Any, by: Actor, at: datetime) -> StatusLine | None:
    """
    Return the status line of a row from ``with_waits``, or None if the work has ended.

    :param row: of a noun, with its work item and the people of that
    """
    item: WorkItem = row.item
    if not item.is_open:
        return None
    if item.held_at is not None:
        return _on_hold(item, at)
    turn = turn_of(row)
    if turn is None:
        return None
    item.turn_key = row.turn_key  # type: ignore[attr-defined]  # as ``with_turns`` does
    since = display.since(turns_began([item]).get(item.pk) or item.created_at, at)
    values = {**values_of_noun(row), "since": since}
    if turn.party is SYSTEM:
        return StatusLine(_filled(turn.waits, values), _attempt(item, at))
    if turn.party is PARTS:
        parts = _parts(item, turn, by)
        links = _joined([_link(part.item) for part in parts], _("%(names)s and %(last)s"))
        links = links or turn.party.phrase
        sentence = _filled(turn.waits, values | {"parts": links})
        return StatusLine(sentence, _more_parts(row, turn, len(parts)), parts)
    people = turn.party.people([item]).get(item.pk, ())
    sentence = _filled(turn.waits, values | {"who": _who(item, turn, people)})
    nobody = () if people else (_("Nobody can do this at the moment."),)
    return StatusLine(sentence, nobody, is_mine=by.user_id in people)


def whose_turn_in_text(row: Any, by: Actor, at: datetime) -> str:
    """
    Return the status line as one sentence of plain text, for messages.

    Of work that has ended it is that of the open work it belongs to, or nothing.

    :param row: as for ``status_line``
    """
    about = row if row.item.is_open else _open_whole(row.item, by)
    line = status_line(about, by, at) if about is not None else None
    if line is None:
        return ""
    said = f"{unescape(strip_tags(line.sentence))}."
    return said if about is row else f"{about.item.ref}: {said}"


def _open_whole(item: WorkItem, by: Actor) -> Any:
    """Return the noun of the nearest open work that an item is a part of, if the reader sees it."""
    seen = work_seen_by(by)
    while item.parent_id is not None:
        parent = seen.filter(pk=item.parent_id).first()
        if parent is None:
            return None
        if parent.is_open:
            model: Any = models_by_kind()[parent.kind]
            rows = model._base_manager.filter(item=parent.pk)
            rows = rows.select_related(
                "item__owner", "item__backup", "item__doer", "item__held_by", *related_of(model)
            )
            return with_waits(rows, by).first()
        item = parent
    return None


def _on_hold(item: WorkItem, at: datetime) -> StatusLine:
    assert item.held_at is not None
    values: dict[str, Any] = {"since": display.since(item.held_at, at)}
    sentence = _filled(_("On hold since %(since)s"), values)
    if item.held_by_id != item.pk and item.held_by is not None:
        values["whole"] = _link(item.held_by)
        sentence = _filled(_("On hold since %(since)s, together with %(whole)s"), values)
    roles = _("Who can resume it: %(roles)s") % {"roles": holders(resume.permission)}
    why = [_("Reason: %(why)s") % {"why": item.hold_reason}] if item.hold_reason else []
    if item.resumes_date:
        day = date_format(item.resumes_date, "D j M Y")
        why.append(_("It resumes by itself on %(day)s.") % {"day": day})
    return StatusLine(sentence, (*why, roles))


def _attempt(item: WorkItem, at: datetime) -> tuple[str, ...]:
    """Return a sentence about the product's next attempt, if it is known."""
    due = next_attempt_of(item)
    if due is None:
        return ()
    if due <= at:
        return (_("The next attempt is due now."),)
    return (_filled(_("The next attempt is %(when)s."), {"when": display.when(due, at)}),)


def _parts(item: WorkItem, turn: Turn, by: Actor) -> tuple[WaitingPart, ...]:
    """Return the first open parts that the reader sees, with one query for each kind of part."""
    found: list[WaitingPart] = []
    for model in map(models_by_kind().__getitem__, turn.parts):
        rows = model._base_manager.filter(
            item__in=work_seen_by(by).order_by(), item__parent=item, item__is_open=True
        ).select_related("item__owner", "item__doer", *related_of(model))
        for part in with_waits(rows, by).order_by("pk")[: SHOWN_PARTS - len(found)]:
            theirs = turn_of(part)
            act = str(theirs.act) % values_of_noun(part) if theirs else ""
            found.append(WaitingPart(part.item, in_list(part), act))
    return tuple(found)


def _more_parts(row: Any, turn: Turn, shown: int) -> tuple[str, ...]:
    count = sum(part["kind"] in turn.parts for part in row.turn_parts) - shown
    words = ngettext("%(count)s more part is open.", "%(count)s more parts are open.", count)
    return (words % {"count": count},) if count > 0 else ()


def _who(item: WorkItem, turn: Turn, people: Sequence[int]) -> Words:
    """Return the people by name or, if they are many, the party with their number."""
    if not people:
        return turn.party.phrase
    if len(people) > NAMED:
        values = {"party": turn.party.phrase, "count": len(people)}
        return _("%(party)s (%(count)s people)") % values
    near = {each.pk: each for each in (item.owner, item.backup, item.doer) if each}
    far = User.objects.in_bulk([pk for pk in people if pk not in near])
    named = near | far
    names = [str(named[pk]) for pk in people if pk in named]
    return _joined(names, _("%(names)s or %(last)s"))


def _joined(names: Sequence[str], with_last: str) -> Words:
    """Return names with commas and, before the last one, a word such as “or”."""
    if len(names) < 2:  # noqa: PLR2004  # one name needs no word between
        return names[0] if names else ""
    *before, last = names
    return _filled(with_last, {"names": _commas(before), "last": last})


def _commas(names: Sequence[str]) -> SafeString:
    return mark_safe(", ".join(map(conditional_escape, names)))  # noqa: S308  # each is escaped


def _link(item: WorkItem) -> SafeString:
    return format_html('<a class="tl-link" href="{}">{}</a>', work_page(item.pk), item.ref)


def _filled(sentence: Words, values: Mapping[str, Any]) -> SafeString:
    """Fill a translated sentence with values, which are escaped unless they are markup."""
    safe = {name: conditional_escape(value) for name, value in values.items()}
    return mark_safe(conditional_escape(str(sentence)) % safe)  # noqa: S308  # all is escaped

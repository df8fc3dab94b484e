"""What was known: the facts of a run with the source of each, and the fields of the work itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from django.utils.text import Truncator
from django.utils.translation import gettext as _

from routing.flows.fields import FieldSpec
from routing.flows.versions import published
from routing.kernel.facts import UNREAD
from routing.people.clients import Client, Contact
from routing.runs.evidence_words import evidence_names, in_words
from routing.runs.exceptions import ExceptionCase
from routing.runs.fact_words import fact_label, may_read, origin_of, value_text
from routing.runs.models import Enrichment
from routing.runs.operations.enrich import CLIENT
from routing.runs.questions.asked import AskedWork
from routing.runs.questions.registry import Statement, statements
from routing.work.display import exact
from routing.work.rich_text import plain
from routing.work.saves import Save

MOST = 300  # characters of a value; the page of the work shows it whole
# Columns of the work that other questions answer, or that say something to a program only.
ELSEWHERE = {"id", "item", "state", "run", "evidence", "step", "digest", "key"}


@statements("known")
def facts(work: AskedWork) -> Iterator[Statement]:
    """The newest value of each fact of the run, since when, and from where."""
    if work.run is None:
        return
    if not work.enrichments:
        text = _("Nothing has been read about run %(run)s yet.") % {"run": work.run.item.ref}
        yield Statement(text, (work.run,), work.run.item.created_at)
        return
    plan = published(work.run.version_id)
    specs = {spec.name: spec for spec in plan.fields}
    newest = work.enrichments[-1]
    if newest.erased_at is not None:
        text = _("The facts were erased at %(at)s.") % {"at": exact(newest.erased_at)}
        yield Statement(text, (newest,), newest.erased_at)
    for name, value in newest.facts.items():
        if may_read(work.by, name, specs):
            yield _fact(work, specs, name, value)
    yield from _changes(work, specs)
    yield from _not_read(work, specs)
    missing = [
        spec.label for spec in plan.fields if spec.required and not newest.facts.get(spec.name)
    ]
    if missing:
        text = _("Required and not known: %(what)s.") % {"what": ", ".join(missing)}
        yield Statement(text, (newest,), newest.at)
    withheld = [spec.label for spec in plan.fields if spec not in plan.rule_fields]
    if withheld:
        text = _("Rules cannot read these, because they identify a person: %(what)s.")
        yield Statement(text % {"what": ", ".join(withheld)}, (work.run.version,), newest.at)


def _not_read(work: AskedWork, specs: Mapping[str, FieldSpec]) -> Iterator[Statement]:
    """Yield the values that could not be read, and the facts that no field of the flow reads."""
    newest = work.enrichments[-1]
    for name, said in newest.sources.items():
        if name.endswith(UNREAD) and may_read(work.by, name.removesuffix(UNREAD), specs):
            text = _("%(label)s could not be read: %(why)s.") % {
                "label": fact_label(name.removesuffix(UNREAD), specs),
                "why": said,
            }
            yield Statement(text, (newest,), newest.at)
    if others := [fact_label(name, {}) for name in newest.facts if name not in specs]:
        text = _("Read by no field of the flow: %(names)s.") % {"names": ", ".join(others)}
        yield Statement(text, (newest,), newest.at)


def _fact(work: AskedWork, specs: Mapping[str, FieldSpec], name: str, value: Any) -> Statement:
    since = _since(work.enrichments, name, value)
    text = _("%(label)s: %(value)s. Source: %(source)s, at %(at)s.") % {
        "label": fact_label(name, specs),
        "value": shown(value_text(name, value, specs, work.enrichments[-1].facts)),
        "source": origin_of(since, name, work.run),
        "at": exact(since.at),
    }
    newest = work.enrichments[-1]
    return Statement(text, (since, newest) if since is not newest else (since,), since.at)


def _since(rows: Sequence[Enrichment], name: str, value: Any) -> Enrichment:
    """Return the first of the newest rows in a row that have this value."""
    found = rows[-1]
    for row in reversed(rows):
        if row.facts.get(name) != value:
            break
        found = row
    return found


def _changes(work: AskedWork, specs: Mapping[str, FieldSpec]) -> Iterator[Statement]:
    rows = work.enrichments
    for before, after in pairwise(rows):
        for name in sorted({*before.facts, *after.facts}):
            if not may_read(work.by, name, specs):
                continue
            was, now = before.facts.get(name), after.facts.get(name)
            if was == now:
                continue
            text = _("%(label)s changed from %(was)s to %(now)s at %(at)s. Source: %(source)s.") % {
                "label": fact_label(name, specs),
                "was": shown(value_text(name, was, specs, before.facts)),
                "now": shown(value_text(name, now, specs, after.facts)),
                "at": exact(after.at),
                "source": origin_of(after, name, work.run),
            }
            yield Statement(text, (before, after), after.at)


@statements("known")
def people(work: AskedWork) -> Iterator[Statement]:
    """The client and the contacts that were recognised."""
    newest = work.enrichments[-1] if work.enrichments else None
    if newest is None:
        return
    client = Client.objects.filter(pk=newest.client_id).first() if newest.client_id else None
    if client is None:
        text = _("The client is not known yet.")
        yield Statement(text, (newest,), newest.at)
    else:
        text = _("Client: %(name)s. Source: %(source)s, at %(at)s.") % {
            "name": client,
            "source": origin_of(newest, CLIENT, work.run),
            "at": exact(newest.at),
        }
        yield Statement(text, (newest, client), newest.at)
    contacts = Contact.objects.filter(pk__in=newest.contact_ids) if newest.contact_ids else ()
    if names := [str(contact) for contact in contacts]:
        text = _("Contacts: %(names)s.") % {"names": ", ".join(names)}
        yield Statement(text, (newest, *contacts), newest.at)


@statements("known")
def fields(work: AskedWork) -> Iterator[Statement]:
    """The fields of the row itself, each with the person and the time of its value."""
    noun = work.noun
    if noun is None or work.kind == "run":
        return
    tracked = noun.history.model.tracked_fields
    for each in tracked:
        value = getattr(noun, each.attname)
        if each.name in ELSEWHERE or _is_nothing(value):
            continue
        save = _set_by(work.noun_saves, each.attname, value)
        values = {
            "label": str(each.verbose_name).capitalize(),
            "value": short(work.names.said(noun, each, value)).rstrip("."),
        }
        if save is None:
            text = _("%(label)s: %(value)s. History does not say who set it.") % values
            yield Statement(text, (noun,), work.item.created_at)
        else:
            values |= {"who": work.names.user(save.by_id), "at": exact(save.at)}
            text = _("%(label)s: %(value)s. Set by %(who)s at %(at)s.") % values
            yield Statement(text, (noun, save.record), save.at)


def _is_nothing(value: Any) -> bool:
    # A count of nothing, such as of reminders, is no value that somebody set. “No” is one.
    return value in (None, "", [], {}) or (value == 0 and not isinstance(value, bool))


def _set_by(saves: Sequence[Save], column: str, value: Any) -> Save | None:
    """Return the save that gave a column its present value."""
    found = None
    for save in reversed(saves):
        if getattr(save.record, column) != value:
            break
        found = save
    return found


@statements("known")
def evidence(work: AskedWork) -> Iterator[Statement]:
    """The evidence of an exception."""
    case = work.noun
    if not isinstance(case, ExceptionCase):
        return
    names = evidence_names([case.evidence], work.clients)
    for label, text in in_words(case.evidence, names):
        said = _("%(label)s: %(text)s") % {"label": label, "text": short(text)}
        yield Statement(said, (case,), work.item.created_at)


def shown(value: Any) -> str:
    if value in (None, ""):
        return _("nothing")
    return f"“{short(str(value))}”"


def short(text: str) -> str:
    """Return a text on one line, without marks such as those of headings, and not too long."""
    return Truncator(" ".join(plain(text).split())).chars(MOST)

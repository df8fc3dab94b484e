"""
Search in all work that a person may see: by reference, title, client and written text. And in the
clients, contacts and staff that they may see.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import CharField, F, Func, Q, Value

from routing.kernel.domains import domain_in
from routing.people.actors import Actor
from routing.people.clients import Client, ClientDomain, Contact
from routing.people.staff import User
from routing.work.items import WorkItem, WorkItemQuerySet, WorkNoun, soonest
from routing.work.kinds import models_by_kind
from routing.work.refs import (
    path_in,
    phone_digits,
    public_addresses,
    ref_in,
    ref_in_path,
    refs_inside,
)
from routing.work.search_terms import all_of, has_index, is_client, is_ref, words_in
from routing.work.visibility import clients_seen_by, contacts_seen_by, work_seen_by

FIELDS = ("ref", "title", "client__code", "client__name")
OF_PERSON = ("full_name", "email")
SHOWN = 10  # of each kind
# The digits of a contact's telephone number.
DIGITS = Func(
    F("phone"),
    Value("[^0-9]"),
    Value(""),
    Value("g"),
    function="regexp_replace",
    output_field=CharField(),
)
JOINTS = re.compile(r"(?<=\w)[-_/](?=\w)")  # between the words of a slug


@dataclass(frozen=True, slots=True)
class SearchGroup:
    """
    Found work of one kind: open work first, by its due time, then ended work, newest first.
    ``more`` is true if there is more.
    """

    model: type[WorkNoun]
    items: Sequence[WorkItem]
    more: bool


@dataclass(frozen=True, slots=True)
class SearchResults:
    clients: Sequence[Client] = ()
    contacts: Sequence[Contact] = ()
    staff: Sequence[User] = ()
    groups: Sequence[SearchGroup] = ()

    @property
    def any(self) -> bool:
        return any((self.clients, self.contacts, self.staff, self.groups))


def with_ref(text: str, by: Actor) -> WorkItem | None:
    """
    Return the work item that the text names, if the actor may see it: by its reference in any
    spelling, or by an address of the portal that contains one.
    """
    ref = ref_in(text) or ref_in_path(path_in(text))
    return work_seen_by(by).filter(ref=ref).first() if ref else None


def find(text: str, by: Actor) -> SearchResults:
    """
    Find work that contains every word: all in its listed columns, or all in its written text.
    """
    found = _found(text, by)
    if found.any:
        return found
    if addresses := public_addresses(text):
        return SearchResults(groups=_live_at(addresses, by))
    if digits := phone_digits(text):
        called = contacts_seen_by(by).filter(erased_at=None).alias(dialled=DIGITS)
        return SearchResults(contacts=list(called.filter(dialled__endswith=digits)[:SHOWN]))
    # A subject with a reference in it, or a slug, is nowhere as it stands.
    if refs := refs_inside(text):
        return SearchResults(groups=_of_refs(refs, by))
    apart = " ".join(JOINTS.sub(" ", text).split())
    return _found(apart, by) if JOINTS.search(text) and "@" not in text else found


def _found(text: str, by: Actor) -> SearchResults:
    words = words_in(text)
    if not words:
        return SearchResults()
    return SearchResults(
        clients=list(_clients(text, words, by)[:SHOWN]),
        contacts=list(
            contacts_seen_by(by).filter(all_of(words, OF_PERSON), erased_at=None)[:SHOWN]
        ),
        staff=list(_staff(words, by)[:SHOWN]),
        groups=_groups(text, words, by),
    )


def _clients(text: str, words: Sequence[str], by: Actor) -> Any:
    named = Q()
    anywhere = has_index(words)
    for word in words:
        named &= is_client(word, anywhere=anywhere)
    # The part behind the @ of an address, or a whole domain.
    if domain := domain_in(text.replace("\0", " ")):
        # Not a join: an OR across it could use no index, and would give a client many times.
        named |= Q(pk__in=ClientDomain.objects.filter(domain=domain).values("client"))
    return clients_seen_by(by).filter(named)


def _staff(words: Sequence[str], by: Actor) -> Any:
    people = User.objects.staff() if by.contact_id is None else User.objects.none()
    return people.filter(all_of(words, OF_PERSON)).order_by("full_name")


def _groups(text: str, words: Sequence[str], by: Actor) -> Sequence[SearchGroup]:
    seen, kinds = work_seen_by(by), _kinds(by)
    listed = all_of(words, FIELDS) | is_ref(text)
    parts: list[WorkItemQuerySet] = []
    for kind, model in kinds.items():
        found = [seen.filter(listed, kind=kind)]
        if model.searchable:
            found.append(_written(seen, kind, model, words))
        # Apart, because each of the two orders has its own index.
        parts += [part.filter(is_open=True).order_by(soonest(), "id") for part in found]
        parts += [part.filter(is_open=False).order_by("-id") for part in found]
    # One more than is shown, to know whether there is more without counting.
    limited = [part[: SHOWN + 1] for part in parts]
    items = {item.pk: item for item in _together(limited)}
    groups = []
    for kind, model in kinds.items():
        mine = sorted((item for item in items.values() if item.kind == kind), key=_first)
        if mine:
            groups.append(SearchGroup(model, mine[:SHOWN], len(mine) > SHOWN))
    return groups


def _live_at(addresses: Sequence[str], by: Actor) -> Sequence[SearchGroup]:
    """Return the work whose public address is one of these, by kind."""
    groups, seen = [], work_seen_by(by)
    for kind, model in _kinds(by).items():
        if not model.address_column:
            continue
        there = model._base_manager.filter(**{f"{model.address_column}__in": addresses})
        items = seen.filter(kind=kind, pk__in=there.values("item"))
        shown = list(items.select_related("client", "owner").order_by("-pk")[: SHOWN + 1])
        if shown:
            groups.append(SearchGroup(model, shown[:SHOWN], len(shown) > SHOWN))
    return groups


def _kinds(by: Actor) -> dict[str, Any]:
    """Return the models of the work that the actor may see, by kind."""
    return {
        kind: model
        for kind, model in models_by_kind().items()
        if by.may(f"{model._meta.app_label}.view_{model._meta.model_name}")
    }


def _of_refs(refs: Sequence[str], by: Actor) -> Sequence[SearchGroup]:
    """Return the work with these references, whole, by kind."""
    items = work_seen_by(by).filter(ref__in=refs).select_related("client", "owner").order_by("pk")
    kept: dict[str, list[WorkItem]] = {}
    for item in items[:SHOWN]:
        kept.setdefault(item.kind, []).append(item)
    kinds = models_by_kind()
    return [SearchGroup(kinds[kind], mine, False) for kind, mine in kept.items() if kind in kinds]


def _written(
    seen: WorkItemQuerySet, kind: str, model: Any, words: Sequence[str]
) -> WorkItemQuerySet:
    return seen.filter(
        kind=kind, pk__in=model._base_manager.filter(all_of(words, model.searchable)).values("item")
    )


def _together(parts: Sequence[WorkItemQuerySet]) -> Sequence[WorkItem]:
    if not parts:
        return []
    # A UNION of queries, since an OR over several tables could use no index.
    ids, *others = (part.values("pk") for part in parts)
    if others:
        ids = ids.union(*others, all=True)
    found = WorkItem.objects.filter(pk__in=[row["pk"] for row in ids])
    return list(found.select_related("client", "owner"))


def _first(item: WorkItem) -> tuple[bool, float, int]:
    """Return the sort key: open work by its due time, then ended work, newest first."""
    if not item.is_open:
        return True, float(-item.pk), 0
    due = item.next_due_at
    return False, due.timestamp() if due else float("inf"), item.pk

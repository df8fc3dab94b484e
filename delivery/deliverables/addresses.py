"""
Addresses of pages: slugs that a destination will not keep, and those that other work has.

Packages that publish register a rule for each kind of system, and the guard of the addresses that
people enter. Nothing is called: what somebody else uses on a site is found when the page is
published.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import Q
from django.utils.translation import gettext as _

from delivery.deliverables.channels import is_by_hand
from delivery.deliverables.models import Deliverable
from routing.people.destinations import Destination

State = Deliverable.State
# Work in these states has left its address.
GONE = (State.CANCELLED, State.ARCHIVED, State.HANDED_OVER)


@dataclass(frozen=True, slots=True)
class AddressRule:
    """
    How a kind of system makes addresses.

    ``fault`` takes a slug and a post type, and returns why the system would not keep the slug, or
    an empty string. ``has_folders`` says whether the path of a destination is part of the address.
    """

    fault: Callable[[str, str], str]
    has_folders: bool


# Takes an address that a person entered, and returns why it is not fetched, or an empty string.
AddressGuard = Callable[[str], str]

_rules: dict[str, AddressRule] = {}
_guards: list[AddressGuard] = []


def address_rule(kind: str, rule: AddressRule) -> None:
    """Register the rule for destinations of a kind."""
    _rules[kind] = rule


def address_guard(guard: AddressGuard) -> AddressGuard:
    """Register the guard of the package that fetches addresses."""
    _guards.append(guard)
    return guard


def address_fault(url: str) -> str:
    """Return why an address that a person entered cannot be fetched, or an empty string."""
    return next((fault for guard in _guards if (fault := guard(url))), "")


def slug_fault(row: Deliverable, slug: str) -> str:
    """
    Return why a deliverable cannot have this slug at its destination, or an empty string.

    :param row: with its destination
    """
    place = row.destination
    if place is None or not slug or is_by_hand(place.kind):
        return ""
    rule = _rules.get(place.kind)
    return (rule.fault(slug, place.post_type) if rule else "") or _taken(row, place, slug)


def _taken(row: Deliverable, place: Destination, slug: str) -> str:
    rule = _rules.get(place.kind)
    same = Q(destination__kind=place.kind, destination__post_type=place.post_type)
    if rule is None or rule.has_folders:
        same &= Q(destination__path=place.path)
    if place.connection:
        # A destination that names none uses the only one of its kind, which may be this.
        same &= Q(destination__connection__in=["", place.connection])
    others = Deliverable.objects.filter(same, version__slug=slug).exclude(state__in=GONE)
    # A change has the address of the page that it replaces.
    other = (
        others.exclude(pk__in=[row.pk, row.replaces_id or 0])
        .exclude(replaces=row.pk)
        .select_related("item")
        .order_by("item_id")
        .first()
    )
    if other is None:
        return ""
    return _("%(ref)s has the slug “%(slug)s” at the same place. Choose another slug.") % {
        "ref": other.item.ref,
        "slug": slug,
    }

"""One visit of an address, and which answers are right for whom."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.routing.people.test_permissions_matrix import MATRIX
from tests.walk.stage import Stage, Walker

SEEN, DENIED, HIDDEN, NOT_BY_GET = {200, 302}, {403, 404}, {404}, {403, 404, 405}
ANY = {200, 202, 302, 403, 404, 405}  # 202: a preview that is being made
NOWHERE = 99_999_999  # an id that no row has


def may(walker: Walker, permission: str) -> bool:
    """As the matrix says that was written down by hand."""
    return walker.role is not None and walker.role in MATRIX.get(permission, ())


@dataclass(frozen=True)
class Visit:
    """One address, and the statuses that are right for each walker."""

    path: str
    right: Callable[[Walker], Collection[int]]
    method: str = "get"
    data: dict[str, Any] = field(default_factory=dict)


Listing = Callable[[Stage], Sequence[Visit]]


def staff_only(walker: Walker, right: Collection[int]) -> Collection[int]:
    if walker.is_contact:
        return DENIED
    return right if walker.role else {*right, *DENIED}


def listed(permission: str) -> Callable[[Walker], Collection[int]]:
    return lambda walker: staff_only(walker, SEEN if may(walker, permission) else DENIED)

"""Details of the operations on a run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class IdentifyDetails:
    clients: dict[int, int]  # the client by run id


@dataclass(frozen=True, slots=True)
class WaitDetails:
    titles: dict[int, str]  # by run id


@dataclass(frozen=True, slots=True)
class FollowDetails:
    subject_ids: dict[int, str]  # the id of the surviving object by run id


@dataclass(frozen=True, slots=True)
class NameClientDetails:
    client: int  # id of the client that a work item turned out to be for


@dataclass(frozen=True, slots=True)
class JoinRunDetails:
    """The run and, for some, the new parent, each by work item id."""

    runs: dict[int, int]
    parents: dict[int, int]


@dataclass(frozen=True, slots=True)
class RouteDetails:
    """Owner, backup, team and priority, the client and the title, each by run id."""

    owners: dict[int, tuple[int, int, int, int]]
    clients: dict[int, int | None]
    titles: dict[int, str]


@dataclass(frozen=True, slots=True)
class MigrateDetails:
    """The version that runs are moved to, by its id, and the name of the migration."""

    version: int
    name: str


@dataclass(frozen=True, slots=True)
class ReopenDetails:
    pair: tuple[int, int]  # ids of owner and backup, both active

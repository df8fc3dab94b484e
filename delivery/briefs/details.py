"""Details of the operations on a brief."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any


@dataclass(frozen=True, slots=True)
class EditBriefDetails:
    """None leaves a field unchanged."""

    body: str | None = None
    planned: list[dict[str, Any]] | None = None


@dataclass(frozen=True, slots=True)
class WriteBriefDetails:
    """
    ``engagement`` is the id of what the brief is charged to, or None for nothing.
    ``plan_template`` is the id of the template that fills the plan, and ``launch`` the launch or
    due date.
    """

    body: str
    engagement: int | None
    plan_template: int | None = None
    launch: date | None = None


@dataclass(frozen=True, slots=True)
class UseTemplateDetails:
    """``launch`` is the launch or due date, or None if it is not known yet."""

    plan_template: int
    launch: date | None = None


@dataclass(frozen=True, slots=True)
class FillDetails:
    """
    Text and plan of each brief by its id, as a version of a template fills them.

    A brief that the template is not for has none. ``fault`` tells the gate what else is wrong.
    """

    version: int
    launch: date | None
    bodies: Mapping[int, str] = field(default_factory=dict)
    plans: Mapping[int, list[dict[str, Any]]] = field(default_factory=dict)
    fault: str = ""


@dataclass(frozen=True, slots=True)
class MoveLaunchDetails:
    launch: date


@dataclass(frozen=True, slots=True)
class MovedDetails:
    """``plans`` is the plan of each brief by its id. ``fault`` tells the gate what is wrong."""

    launch: date
    plans: Mapping[int, list[dict[str, Any]]]
    fault: str = ""


@dataclass(frozen=True, slots=True)
class AuthorDetails:
    author: int  # id of the person who requests approval, and so cannot give it


@dataclass(frozen=True, slots=True)
class ApproverDetails:
    approver: int


@dataclass(frozen=True, slots=True)
class AcceptCheckDetails:
    """``check`` is the id of the failed check whose findings are accepted."""

    check: int | None = None

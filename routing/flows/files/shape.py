"""
Shape of a flow as a file: the flow and one of its versions, with names in place of ids.

People are given by their e-mail address, teams and rules by their name, an SLA policy by its slug.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from functools import cache
from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    create_model,
    field_validator,
    model_serializer,
    model_validator,
)

from routing.flows.actions import MOST_ACTIONS
from routing.flows.conditions import Operator
from routing.flows.fields import FieldType
from routing.flows.models import Flow, FlowField, FlowVersion, Trigger, VersionAction
from routing.flows.registry import money_facts, version_rows
from routing.flows.rules import Condition, Rule
from routing.flows.trigger_operators import TriggerOperator
from routing.kernel.days import can_be_meant

FORMAT: Literal["throughline.flow/1"] = "throughline.flow/1"
MOST_PARTS = 500  # rows of one kind in one file
NEW_OPERATORS = tuple(name for name in TriggerOperator.values if name != TriggerOperator.EQUALS)


def _text(model: Any, name: str, *, empty: bool = False) -> Any:
    """Return the type of a text that fits a column."""
    most = model._meta.get_field(name).max_length
    return Annotated[StrictStr, Field(min_length=0 if empty else 1, max_length=most)]


Scalar: TypeAlias = StrictStr | StrictBool | StrictInt | StrictFloat
CatalogueLine = Annotated[StrictStr, Field(min_length=1, max_length=200, pattern=r"^\S.*$")]
CatalogueLines = Annotated[tuple[CatalogueLine, ...], Field(max_length=50)]
Skill = Annotated[StrictStr, Field(min_length=1, max_length=40)]


def _day(value: Any) -> date | None:
    """
    Read a day. pydantic would read a number as seconds since 1970.

    :raises ValueError: if it is none, or of a year in which nothing here can happen
    """
    if value is None:
        return None
    day = value if isinstance(value, date) else date.fromisoformat(str(value))
    if not can_be_meant(day):
        raise ValueError("is not a day on which anything here can happen")
    return day


ReviewDay = Annotated[date | None, BeforeValidator(_day)]


class PriorityName(StrEnum):
    """Names of the priorities of work."""

    URGENT = "urgent"
    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"


class FileShape(BaseModel):
    """A part of the file. Keys that it does not declare are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


def _as_text(value: Any) -> Any:
    """Return a number as the text that is stored. A switch is not one."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


TriggerValue = Annotated[StrictStr, Field(min_length=1, max_length=200), BeforeValidator(_as_text)]


class TriggerShape(FileShape):
    """A trigger. At most one of the keys after ``field`` has a value: the operator."""

    kind: _text(Trigger, "kind")  # type: ignore[valid-type]
    field: _text(Trigger, "field", empty=True) = ""  # type: ignore[valid-type]
    equals: _text(Trigger, "value", empty=True) = ""  # type: ignore[valid-type]
    one_of: Annotated[tuple[TriggerValue, ...], Field(max_length=MOST_PARTS)] = ()
    at_least: TriggerValue | None = None
    changed_to: TriggerValue | None = None
    changed_by_more: TriggerValue | None = None

    @model_validator(mode="after")
    def _has_one_operator(self) -> Self:
        given = [name for name in TriggerOperator.values if getattr(self, name)]
        if len(given) > 1:
            raise ValueError(f"has more than one operator: {', '.join(given)}")
        return self

    @model_serializer(mode="wrap")
    def _without_unused(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # Without the operators that it does not use, a trigger that compares nothing else than an
        # equality has the digest to which people agreed before there were others.
        values: dict[str, Any] = handler(self)
        unused = {name for name in NEW_OPERATORS if not getattr(self, name)}
        return {name: value for name, value in values.items() if name not in unused}

    @property
    def operator(self) -> TriggerOperator:
        used = (name for name in NEW_OPERATORS if getattr(self, name))
        return TriggerOperator(next(used, TriggerOperator.EQUALS))

    @property
    def value(self) -> str:
        """Return the value, empty for ``one_of``."""
        return str(getattr(self, self.operator)) if not self.values else ""

    @property
    def values(self) -> Sequence[str]:
        return self.one_of


class FieldShape(FileShape):
    name: Annotated[
        StrictStr, Field(max_length=60, pattern=r"^[a-z]{1,40}(\.[a-z][a-z_]{0,50}){1,6}$")
    ]
    label: _text(FlowField, "label")  # type: ignore[valid-type]
    type: FieldType
    required: bool = False
    personal: bool = False
    money: bool = False
    choices: tuple[StrictStr, ...] = ()

    @property
    def is_money(self) -> bool:
        """Return whether it is about money: it says so, or a package above declares the fact."""
        return self.money or self.name in money_facts()


class ConditionShape(FileShape):
    field: _text(Condition, "field")  # type: ignore[valid-type]
    operator: Operator = Field(alias="is")
    value: Scalar | tuple[Scalar, ...] | None = None


class RuleShape(FileShape):
    """A rule. It matches if all conditions of any group in ``when`` do, or if there is no group."""

    name: _text(Rule, "name")  # type: ignore[valid-type]
    team: StrictStr
    skills: tuple[Skill, ...] = ()
    account_first: bool = False
    priority: PriorityName = PriorityName.NORMAL
    when: Annotated[tuple[tuple[ConditionShape, ...], ...], Field(max_length=MOST_PARTS)] = ()


InputName = Annotated[StrictStr, Field(min_length=1, max_length=40)]
InputText = Annotated[StrictStr, Field(max_length=4000)]


class ActionShape(FileShape):
    """An action, with the text of each of its inputs."""

    do: _text(VersionAction, "kind")  # type: ignore[valid-type]
    inputs: dict[InputName, InputText] = Field(default_factory=dict, alias="with")


class FlowShape(FileShape):
    """A flow and one of its versions. ``format`` says which keys the file may have."""

    format: Literal["throughline.flow/1"]
    flow: Annotated[StrictStr, Field(max_length=50, pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
    name: _text(Flow, "name")  # type: ignore[valid-type]
    purpose: _text(Flow, "purpose")  # type: ignore[valid-type]
    outcome: _text(Flow, "outcome")  # type: ignore[valid-type]
    runbook: StrictStr = ""
    owner: StrictStr
    backup: StrictStr
    metric: _text(Flow, "metric", empty=True) = ""  # type: ignore[valid-type]
    outcome_owner: StrictStr = ""
    criticality: Flow.Criticality = Flow.Criticality.ESSENTIAL
    touches: Annotated[tuple[Flow.Touches, ...], Field(max_length=len(Flow.Touches))] = ()
    may_change: CatalogueLines = ()
    system_of_record: _text(Flow, "system_of_record", empty=True) = ""  # type: ignore[valid-type]
    must_hold: CatalogueLines = ()
    stay_stable: CatalogueLines = ()
    feels_first: _text(Flow, "feels_first", empty=True) = ""  # type: ignore[valid-type]
    leads_may_edit: bool = False
    last_review: ReviewDay = None
    next_review: ReviewDay = None
    # The short form of a flow whose only action has no inputs.
    action: _text(FlowVersion, "action", empty=True) = ""  # type: ignore[valid-type]
    actions: Annotated[tuple[ActionShape, ...], Field(max_length=MOST_ACTIONS)] = ()
    sla_policy: _text(FlowVersion, "policy")  # type: ignore[valid-type]
    title: _text(FlowVersion, "title")  # type: ignore[valid-type]
    brief: StrictStr = ""
    criteria: CatalogueLines = ()
    triggers: Annotated[tuple[TriggerShape, ...], Field(max_length=MOST_PARTS)] = ()
    fields: Annotated[tuple[FieldShape, ...], Field(max_length=MOST_PARTS)] = ()
    rules: Annotated[tuple[RuleShape, ...], Field(max_length=MOST_PARTS)] = ()

    @model_validator(mode="before")
    @classmethod
    def _in_one_form(cls, values: Any) -> Any:
        """Read a list of one action without inputs as its short form, so that both are the same."""
        rows = values.get("actions") if isinstance(values, dict) else None
        if not isinstance(rows, list | tuple) or len(rows) != 1 or values.get("action"):
            return values
        [row] = rows
        if not isinstance(row, dict) or row.get("with") or set(row) - {"do", "with"}:
            return values
        name = row.get("do")
        if not isinstance(name, str):
            return values
        return {key: each for key, each in values.items() if key != "actions"} | {"action": name}

    @model_validator(mode="after")
    def _acts(self) -> FlowShape:
        if bool(self.action) == bool(self.actions):
            raise ValueError("give either action or actions")
        return self

    @field_validator("touches", "may_change", "must_hold", "stay_stable")
    @classmethod
    def _listed_once(cls, rows: Sequence[str]) -> Sequence[str]:
        twice = sorted({str(row) for row in rows if rows.count(row) > 1})
        if twice:
            raise ValueError(f"stands more than once: {', '.join(twice)}")
        return rows

    @field_validator("fields", "rules")
    @classmethod
    def _named_once(cls, rows: Sequence[FieldShape | RuleShape]) -> Sequence[Any]:
        names = [row.name for row in rows]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"stands more than once: {', '.join(twice)}")
        return rows

    @property
    def all_actions(self) -> tuple[ActionShape, ...]:
        """Return the actions, whichever form they have."""
        return self.actions or ((ActionShape(do=self.action),) if self.action else ())

    def rows_of(self, part: str) -> Sequence[Any]:
        """Return the rows of a part that a package above stores with a version."""
        rows: Sequence[Any] = getattr(self, part)
        return rows


# Keys of the catalogue. A file that leaves some of them out leaves them as they are.
CATALOGUE = (
    "metric",
    "outcome_owner",
    "criticality",
    "touches",
    "may_change",
    "system_of_record",
    "must_hold",
    "stay_stable",
    "feels_first",
    "leads_may_edit",
    "last_review",
    "next_review",
)
# Keys that belong to the flow, and count at once. All others belong to a version.
OF_FLOW = frozenset(
    {"format", "flow", "name", "purpose", "outcome", "runbook", "owner", "backup", *CATALOGUE}
)


@cache
def flow_shape() -> type[FlowShape]:
    """Return the shape with the parts that packages above store with a version."""
    parts: dict[str, Any] = {
        each.name: (Annotated[tuple[each.shape, ...], Field(max_length=MOST_PARTS)], ())  # type: ignore[name-defined]
        for each in version_rows()
    }
    return create_model("FlowFile", __base__=FlowShape, **parts)

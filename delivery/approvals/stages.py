"""The approval stages of deliverables, and their progress."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from delivery.approvals.models import Approval, ApprovalStage
from delivery.deliverables.models import Deliverable
from delivery.deliverables.stages import DEFAULT, Audience, Quorum, Stage
from routing.flows.models import FlowVersion
from routing.flows.registry import Reference, VersionRows, with_version
from routing.kernel.roles import EVERYONE, OPS, grant
from routing.people.staff import Team

grant("delivery.view_approvalstage", *EVERYONE)
MOST = 32_767  # of the columns
for _verb in ("add", "change", "delete"):
    grant(f"delivery.{_verb}_approvalstage", OPS)
grant("delivery.view_answer", *EVERYONE)
grant("delivery.view_askedperson", *EVERYONE)
grant("delivery.view_approval", *EVERYONE)


class StageShape(BaseModel):
    """An approval stage in the file of a flow."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    audience: Audience
    quorum: Quorum = Quorum.ANY
    need: int = Field(default=1, ge=0, le=MOST)
    team: str = ""
    answer_days: int = Field(default=14, ge=0, le=MOST)

    @model_validator(mode="after")
    def _team_is_of_the_agency(self) -> StageShape:
        if self.team and self.audience is Audience.CLIENT:
            raise ValueError("only a stage of the agency can name a team")
        return self

    @model_serializer(mode="wrap")
    def _without_team(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # Without a team, a stage has the digest to which people agreed before it could name one.
        values: dict[str, Any] = handler(self)
        return values if self.team else {key: values[key] for key in values if key != "team"}


def _stages(version: FlowVersion) -> Sequence[StageShape]:
    return [
        StageShape(
            audience=Audience(each.audience),
            quorum=Quorum(each.quorum),
            need=each.need,
            team=each.team.name if each.team else "",
            answer_days=each.answer_days,
        )
        for each in version.approval_stages.select_related("team").order_by("position")
    ]


def _keep_stages(version: FlowVersion, stages: Sequence[StageShape]) -> None:
    teams = dict(
        Team.objects.filter(name__in=[each.team for each in stages]).values_list("name", "pk")
    )
    ApprovalStage.objects.bulk_create(
        ApprovalStage(
            flow_version=version,
            position=position,
            audience=each.audience.value,
            quorum=each.quorum.value,
            need=each.need,
            team_id=teams.get(each.team),
            answer_days=each.answer_days,
        )
        for position, each in enumerate(stages, start=1)
    )


def _team_names() -> set[str]:
    return set(Team.objects.values_list("name", flat=True))


with_version(
    VersionRows(
        "approval_stages",
        ApprovalStage,
        StageShape,
        _stages,
        _keep_stages,
        refers=(Reference("team", _team_names, "there is no such team"),),
    )
)


def stages_of(rows: Sequence[Deliverable]) -> Mapping[int, tuple[Stage, ...]]:
    """Return the stages of each deliverable by its id, from its run's flow version."""
    runs = {row.item.run_id for row in rows if row.item.run_id}
    own: dict[int, list[Stage]] = defaultdict(list)
    if runs:
        asked = ApprovalStage.objects.filter(flow_version__runs__in=runs).order_by(
            "flow_version__runs", "position"
        )
        columns = asked.values_list(
            "flow_version__runs", "audience", "quorum", "need", "answer_days", "team", "team__name"
        )
        for run, audience, quorum, need, days, team, name in columns:
            own[run].append(Stage(audience, quorum, need, days, team, name or ""))
    # Work without a run, and flow versions without stages, use the default ones.
    return {row.pk: tuple(own.get(row.item.run_id or 0, ())) or DEFAULT for row in rows}


def approvals_of_newest(rows: Sequence[Deliverable]) -> list[Approval]:
    """Return the approvals of the newest version of each deliverable."""
    newest = [row.version_id for row in rows if row.version_id]
    return list(Approval.objects.filter(version__in=newest).select_related("item"))


def progress(
    rows: Sequence[Deliverable], approvals: Iterable[Approval] | None = None
) -> Mapping[int, tuple[int, str]]:
    """
    Return the number of completed stages of each newest version, with the reference of the open
    approval or an empty string.

    :param approvals: at least those of the newest versions, if they are loaded
    """
    through: dict[int, set[int]] = defaultdict(set)
    asked: dict[int, str] = {}
    # Approvals of older versions count for nothing, because no row has those versions.
    for each in approvals_of_newest(rows) if approvals is None else approvals:
        if each.state == Approval.State.APPROVED:
            through[each.version_id].add(each.stage)
        elif each.state == Approval.State.PENDING:
            asked[each.version_id] = each.item.ref
    return {
        row.pk: (_leading(through[row.version_id or 0]), asked.get(row.version_id or 0, ""))
        for row in rows
    }


def _leading(stages: set[int]) -> int:
    """Count the completed stages without a gap."""
    count = 0
    while count in stages:
        count += 1
    return count

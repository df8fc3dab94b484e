"""What moving runs to another version of their flow would change, and what stands against it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from routing.flows.actions import kind_words
from routing.flows.choose import Choice, NobodyFits, NoRuleMatches
from routing.flows.fact_labels import labels_of_change
from routing.flows.files.difference import differences
from routing.flows.files.stored import content_of
from routing.flows.files.words import ChangeWords, change_words
from routing.flows.models import FlowVersion
from routing.flows.versions import Plan, published
from routing.kernel.roles import holders
from routing.people.staff import User
from routing.runs.candidates import Pool, pool_for
from routing.runs.models import Enrichment, Run
from routing.runs.registry import migration_objections
from routing.runs.snapshots import RunSnapshot, decide_for, field_problems, snapshots_of
from routing.work.gates import GateResult, refused

# In these states no rule has decided yet, and nothing was opened.
UNDECIDED = frozenset({Run.State.RECEIVED, Run.State.ENRICHING, Run.State.WAITING})
# The parts of a version, by their key in its file, that a run still reads.
UNTIL_DECIDED = (
    "fields",
    "rules",
    "action",
    "actions",
    "sla_policy",
    "title",
    "brief",
    "approval_stages",
    "proofs",
    "exception_routes",
    "checks",
)
AFTERWARDS = ("fields", "approval_stages", "proofs", "exception_routes", "checks")


@dataclass(frozen=True, slots=True)
class MigrationPreview:
    """
    What a migration would change for one run, what it would leave or lead to in sentences, and why
    it is refused.
    """

    changes: tuple[ChangeWords, ...] = ()
    notes: tuple[str, ...] = ()
    refusal: GateResult | None = None


def migration_previews(
    runs: Sequence[Run], version: FlowVersion, at: datetime
) -> Mapping[int, MigrationPreview]:
    """
    Return what moving each of these runs, which have their items, to ``version`` would do, by id.
    """
    found: dict[int, MigrationPreview] = {}
    for run in runs:
        if (against := _impossible(run, version)) is not None:
            found[run.pk] = MigrationPreview(refusal=against)
    movable = [run for run in runs if run.pk not in found]
    if not movable:
        return found
    comparison = _Comparison(version, movable, at)
    return found | {each.run.pk: comparison.preview(each) for each in comparison.snapshots}


def _impossible(run: Run, version: FlowVersion) -> GateResult | None:
    """Return why this version can never take on the run, or None."""
    values = {"version": version}
    if version.flow_id != run.flow_id:
        words = _("%(version)s belongs to another flow.")
        return refused("other_flow", words % values, clears_by=_("You: choose another version"))
    if version.published_at is None:
        words = _("%(version)s is a draft. Runs use published versions only.")
        where = reverse("admin:routing_flowversion_change", args=[version.pk])
        may = holders("routing.publish_flow")
        return refused("not_published", words % values, clears_by=may, where=where)
    if version.pk == run.version_id:
        words = _("The run uses %(version)s already.")
        return refused("same_version", words % values, clears_by=_("You: choose another version"))
    return None


class _Comparison:
    """Runs beside a version of their flow. What many runs share is worked out once."""

    def __init__(self, version: FlowVersion, runs: Sequence[Run], at: datetime) -> None:
        self.version, self.at = version, at
        self.now = content_of(version)
        self.snapshots = snapshots_of(runs)
        self.plan = published(version.pk)
        self.known = set(
            Enrichment.objects.filter(run__in=runs).order_by().values_list("run", flat=True)
        )
        self.objections: dict[int, str] = {}
        for ask in migration_objections():
            self.objections = {**ask(runs, version), **self.objections}
        waiting = [each for each in self.snapshots if self._is_ready(each)]
        self.pool = pool_for(waiting, at) if waiting else Pool([], {})
        people = {each.user_id for each in self.pool.candidates}
        people |= {run.item.owner_id for run in runs if run.item.owner_id}
        self.names = {pk: each.full_name for pk, each in User.objects.in_bulk(people).items()}
        older = FlowVersion.objects.select_related("flow__owner", "flow__backup")
        self.changes: dict[tuple[int, bool], tuple[ChangeWords, ...]] = {}
        for pk, was in older.in_bulk({run.version_id for run in runs}).items():
            rows = differences(content_of(was), self.now)
            labels = labels_of_change(version, was)
            for undecided, parts in ((True, UNTIL_DECIDED), (False, AFTERWARDS)):
                kept = [change_words(each, labels) for each in rows if _part(each.path) in parts]
                self.changes[pk, undecided] = tuple(kept)

    def preview(self, snapshot: RunSnapshot) -> MigrationPreview:
        run = snapshot.run
        undecided = run.state in UNDECIDED
        changes, notes = list(self.changes[run.version_id, undecided]), []
        refusal = self._objection(run)
        if not undecided:
            refusal = refusal or self._other_action(snapshot)
            notes += self._kept(snapshot)
        elif run.pk not in self.known:
            notes.append(_("Its facts are not read yet. Then %(version)s decides.") % self._named)
        elif missing := field_problems(self._moved(snapshot)):
            labels = ", ".join(each.label for each in missing)
            notes.append(_("It would wait for these facts: %(facts)s") % {"facts": labels})
        elif snapshot.found.client_id is not None:
            owner, against = self._owner(snapshot)
            changes += owner
            refusal = refusal or against
        return MigrationPreview(tuple(changes), tuple(notes), refusal)

    @property
    def _named(self) -> dict[str, object]:
        return {"version": self.version}

    def _moved(self, snapshot: RunSnapshot) -> RunSnapshot:
        return replace(snapshot, plan=self.plan)

    def _is_ready(self, snapshot: RunSnapshot) -> bool:
        """Return whether the rules of the version could decide the run now."""
        return (
            snapshot.run.state in UNDECIDED
            and snapshot.run.pk in self.known
            and snapshot.found.client_id is not None
            and not field_problems(self._moved(snapshot))
        )

    def _objection(self, run: Run) -> GateResult | None:
        if run.pk not in self.objections:
            return None
        words = self.objections[run.pk]
        return refused("not_now", words, clears_by=_("The owner of the run"))

    def _other_action(self, snapshot: RunSnapshot) -> GateResult | None:
        # Its steps are numbered by the actions of the version with which they began.
        was, now = _kinds(snapshot.plan), _kinds(self.plan)
        if was == now:
            return None
        words = _("It began with the actions %(was)s. %(version)s has the actions %(now)s.")
        values = {
            **self._named,
            "was": _said(was),
            "now": _said(now),
        }
        return refused("other_action", words % values, clears_by=_("Nobody. Leave the run"))

    def _kept(self, snapshot: RunSnapshot) -> list[str]:
        """Return what was settled when the run was decided, where the versions differ in it."""
        found, was = [], snapshot.plan
        if _deciding(was) != _deciding(self.plan):
            name = self.names.get(snapshot.run.item.owner_id or 0, "")
            found.append(_("It is decided already and keeps its owner %(name)s.") % {"name": name})
        if was.policy != self.plan.policy:
            words = _("Its clocks keep the SLA policy “%(was)s”, under which they were started.")
            found.append(words % {"was": was.policy})
        return found

    def _owner(self, snapshot: RunSnapshot) -> tuple[list[ChangeWords], GateResult | None]:
        """Return the change of the owner that the run would be given, or why nobody would be."""
        try:
            now = decide_for(self._moved(snapshot), self.pool)
        except (NoRuleMatches, NobodyFits) as error:
            words = _("%(version)s could not decide it: %(why)s")
            message = words % {**self._named, "why": error}
            where = reverse("admin:routing_flowversion_change", args=[self.version.pk])
            may = holders("routing.change_flowversion")
            return [], refused("undecidable", message, clears_by=may, where=where)
        was: Choice | None = None
        if not field_problems(snapshot):
            try:
                was = decide_for(snapshot, self.pool)
            except (NoRuleMatches, NobodyFits):
                was = None
        before = (was.owner_id, was.backup_id) if was else None
        if before == (now.owner_id, now.backup_id):
            return [], None
        pair = _("owner and backup, when it is decided")
        return [ChangeWords(pair, "", self._pair(was), self._pair(now))], None

    def _pair(self, choice: Choice | None) -> str:
        if choice is None:
            return _("nobody")
        names = (self.names.get(pk, f"#{pk}") for pk in (choice.owner_id, choice.backup_id))
        return ", ".join(names)


def _part(path: str) -> str:
    """Return the part of a version that a path of a difference is about."""
    return path.partition("[")[0].partition(".")[0]


def _deciding(plan: Plan) -> object:
    """Return what a version decides by, without the ids of its rows."""
    return [replace(rule, id=0) for rule in plan.rules]


def _kinds(plan: Plan) -> list[str]:
    return [each.kind for each in plan.actions]


def _said(kinds: Sequence[str]) -> str:
    return ", ".join(f"“{kind_words(kind)}”" for kind in kinds)

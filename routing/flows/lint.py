"""
Findings about a draft that would work, but not as its author expects.

What makes a draft unusable is refused by ``operations.faults``. A finding does not stop
publishing. It is shown on the page of the draft and before publishing, with a link to its place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import chain

from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.translation import gettext as _

from routing.flows.actions import action_faults
from routing.flows.choose import PAIR
from routing.flows.conditions import BadClause, Clause
from routing.flows.conditions import check as check_clause
from routing.flows.covered import covering
from routing.flows.event_catalogue import kind_words
from routing.flows.implied import follows, groups_of, never_holds
from routing.flows.models import FlowVersion
from routing.flows.registry import event_kinds, facts_of_kind
from routing.flows.rules import Rule
from routing.flows.versions import clause_of, spec_of
from routing.people.rights import OWN_WORK
from routing.people.staff import TeamMembership, User
from routing.sla.policies import SLAPolicy

NEAR = 3  # near matches that are named


@dataclass(frozen=True, slots=True)
class LintFinding:
    """
    One finding. ``code`` is stable and never translated, ``where`` the page on which to correct it,
    ``path`` its place in the file of the flow. ``in_file`` is the message for a file, in which
    kinds of events are written and not chosen by their names.
    """

    code: str
    message: str
    where: str = ""
    near: tuple[str, ...] = ()
    path: tuple[str | int, ...] = ()
    in_file: str = ""


Lint = Callable[[FlowVersion], Iterable[LintFinding]]

_lints: list[Lint] = []


def lint(check: Lint) -> Lint:
    """Register a check of drafts. Packages above add checks of the rows that they store."""
    _lints.append(check)
    return check


def lint_findings(version: FlowVersion) -> list[LintFinding]:
    found: list[LintFinding] = []
    for check in _lints:
        found += check(version)
    return found


def near_to(text: str, known: Iterable[str]) -> tuple[str, ...]:
    """Return the known names that are most like a text."""
    return tuple(get_close_matches(text, sorted(known), n=NEAR))


def with_near(message: str, near: Sequence[str]) -> str:
    """Return a message that ends with the near matches, if there are any."""
    if not near:
        return message
    return f"{message} " + _("Did you mean %(names)s?") % {"names": _(" or ").join(near)}


@lint
def unknown_triggers(version: FlowVersion) -> Iterator[LintFinding]:
    """Find triggers of a kind that no system and no form sends."""
    known = event_kinds()
    page = reverse("admin:routing_flowversion_change", args=[version.pk])
    for place, trigger in enumerate(version.triggers.order_by("pk")):
        if trigger.kind not in known:
            near = near_to(trigger.kind, known)
            message = _("Nothing sends events of the kind “%(kind)s”, so they start no run.")
            message %= {"kind": trigger.kind}
            yield LintFinding(
                "unknown_trigger",
                with_near(message, [kind_words(each) for each in near]),
                f"{page}#triggers-group",
                near,
                ("triggers", place, "kind"),
                with_near(message, near),
            )


@lint
def unreachable_rules(version: FlowVersion) -> Iterator[LintFinding]:
    """Find rules that no event reaches, because earlier ones take all of theirs."""
    earlier: list[tuple[Sequence[Clause], Rule]] = []
    for place, (rule, groups) in enumerate(_groups_by_rule(version)):
        takers = [_takers(group, earlier) for group in groups]
        if takers and all(takers):
            # By their order, not by that of the groups.
            taking = {taker.pk for taker in chain.from_iterable(takers)}
            names = list(dict.fromkeys(each.name for _, each in earlier if each.pk in taking))
            takes_all = any(not taken for taken, taker in earlier if taker.name == names[0])
            yield LintFinding(
                "unreachable_rule",
                _never_reached(rule.name, names, takes_all=takes_all),
                _page_of(rule),
                path=("rules", place),
            )
        earlier += [(group, rule) for group in groups]


@lint
def impossible_rules(version: FlowVersion) -> Iterator[LintFinding]:
    """Find rules with conditions that cannot hold together, such as at least 5 and below 1."""
    for place, (rule, groups) in enumerate(_groups_by_rule(version)):
        never = [group for group in groups if never_holds(group)]
        if not never:
            continue
        if len(never) == len(groups):
            message = _("The rule “%(rule)s” never matches: its conditions exclude each other.")
        else:
            message = _(
                "Group %(group)s of the rule “%(rule)s” never matches: its conditions exclude each "
                "other."
            )
        said = message % {"rule": rule.name, "group": never[0][0].group}
        yield LintFinding("impossible_rule", said, _page_of(rule), path=("rules", place))


def _never_reached(rule: str, before: Sequence[str], *, takes_all: bool) -> str:
    if len(before) > 1:
        message = _(
            "The rule “%(rule)s” is never reached: %(before)s come first and take its events."
        )
        return message % {"rule": rule, "before": ", ".join(f"“{name}”" for name in before)}
    message = _("The rule “%(rule)s” is never reached: “%(before)s” comes first and takes")
    message += " " + (_("every event.") if takes_all else _("the same events."))
    return message % {"rule": rule, "before": before[0]}


def _groups_by_rule(version: FlowVersion) -> Iterator[tuple[Rule, Sequence[Sequence[Clause]]]]:
    """Yield each rule with its groups of clauses, without those that no fact could be tried on."""
    specs = {row.name: spec_of(row) for row in version.fields.all() if not row.personal}
    for rule in version.rules.prefetch_related("conditions"):
        rows = rule.conditions.all()
        clauses = [clause_of(row, specs) for row in rows if row.field in specs]
        is_whole = len(clauses) == len(rows) and not any(map(_is_bad, clauses))
        yield rule, list(groups_of(clauses)) if is_whole else []


def _takers(
    group: Sequence[Clause], earlier: Sequence[tuple[Sequence[Clause], Rule]]
) -> Sequence[Rule]:
    """Return the earlier rules that take every event of a group: one by itself, or together."""
    alone = next((rule for taken, rule in earlier if follows(taken, group)), None)
    if alone is not None:
        return [alone]
    places = covering(group, [taken for taken, _ in earlier])
    return [earlier[place][1] for place in places]


def _is_bad(clause: Clause) -> bool:
    try:
        check_clause(clause)
    except BadClause:
        return True
    return False


@lint
def unknown_skills(version: FlowVersion) -> Iterator[LintFinding]:
    """Find skills that nobody has, or nobody in the team who could be given the work."""
    rules = list(version.rules.select_related("team"))
    if not any(rule.skills for rule in rules):
        return
    staff = User.objects.staff()
    everybody = _skills(staff)
    for place, rule in enumerate(rules):
        owners = list(staff.filter(teammembership__team=rule.team_id).who_may(OWN_WORK))
        team = _skills(owners)
        path = ("rules", place, "skills")
        names = {"rule": rule.name, "team": rule.team}
        for skill in rule.skills:
            if skill not in everybody:
                near = near_to(skill, everybody)
                message = _("Nobody has the skill “%(skill)s”, which the rule “%(rule)s” requires.")
            elif skill not in team:
                near = ()
                message = _(
                    "Nobody in %(team)s who can own work has the skill “%(skill)s”, which the rule "
                    "“%(rule)s” requires."
                )
            else:
                continue
            said = with_near(message % (names | {"skill": skill}), near)
            yield LintFinding("unknown_skill", said, _page_of(rule), near, path)
        wanted = set(rule.skills)
        if wanted and wanted <= team and not any(wanted <= set(person.skills) for person in owners):
            message = _(
                "Nobody in %(team)s who can own work has all the skills that the rule “%(rule)s” "
                "requires: %(skills)s."
            )
            said = message % (names | {"skills": ", ".join(sorted(wanted))})
            yield LintFinding("unknown_skill", said, _page_of(rule), path=path)


def _skills(people: Iterable[User]) -> set[str]:
    found: set[str] = set()
    for person in people:
        found.update(person.skills)
    return found


@lint
def empty_policy(version: FlowVersion) -> Iterator[LintFinding]:
    """Find an SLA policy without targets, from which no clock would start."""
    policy = SLAPolicy.objects.filter(slug=version.policy, targets=None).first()
    if policy is not None:
        yield LintFinding(
            "empty_policy",
            _("The SLA policy “%(policy)s” has no targets, so no clock starts.")
            % {"policy": policy.name},
            reverse("admin:routing_slapolicy_change", args=[policy.pk]),
            path=("sla_policy",),
        )


@lint
def unsourced_fields(version: FlowVersion) -> Iterator[LintFinding]:
    """Find fields that no event of the triggers brings, so that a person must fill them in."""
    brought = [facts_of_kind(trigger.kind) for trigger in version.triggers.all()]
    known = frozenset[str]().union(*(facts for facts in brought if facts is not None))
    if not brought or None in brought:
        return
    page = reverse("admin:routing_flowversion_change", args=[version.pk])
    for place, row in enumerate(version.fields.all()):
        if row.name not in known:
            near = near_to(row.name, known)
            message = _("Nothing that starts this flow fills the field “%(label)s” (%(name)s).")
            words = with_near(message % {"label": row.label, "name": row.name}, near)
            path = ("fields", place, "name")
            yield LintFinding("unsourced_field", words, page, near, path)


@lint
def actions_without_effect(version: FlowVersion) -> Iterator[LintFinding]:
    """Find actions that lack an input, or can never run."""
    rows = list(version.actions.all())
    # A file has an only action without inputs in its short form.
    short = len(rows) <= 1 and not any(row.inputs for row in rows)
    for each in action_faults(version):
        where = reverse("admin:routing_flowversion_change", args=[version.pk]) + "#actions-group"
        if rows:
            where = reverse("admin:routing_versionaction_change", args=[rows[each.place].pk])
        path: tuple[str | int, ...] = ("action",) if short else ("actions", each.place)
        yield LintFinding(each.code, each.message, where, path=path)


@lint
def lone_teams(version: FlowVersion) -> Iterator[LintFinding]:
    """Find teams without two people, so that the owner of work or its backup is from elsewhere."""
    able = User.objects.staff().who_may(OWN_WORK)
    members = TeamMembership.objects.filter(team=OuterRef("team"), user__in=able)
    count = members.order_by().values("team").annotate(found=Count("pk")).values("found")
    rules = version.rules.select_related("team").annotate(people=Coalesce(Subquery(count), 0))
    for place, rule in enumerate(rules):
        if rule.people < PAIR:
            message = _(
                "The team %(team)s of the rule “%(rule)s” has %(count)s people who can own work. "
                "Owner and backup are two people."
            )
            said = {"team": rule.team, "rule": rule.name, "count": rule.people}
            yield LintFinding(
                "lone_team",
                message % said,
                reverse("admin:routing_team_change", args=[rule.team_id]),
                path=("rules", place, "team"),
            )


def _page_of(rule: Rule) -> str:
    return reverse("admin:routing_rule_change", args=[rule.pk])

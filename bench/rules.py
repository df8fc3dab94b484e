"""
Rules: decisions a second on one core, each with the answer of every condition that was asked, for
twenty rules of five conditions.

The peers get facts that are typed already, and a rule for each condition: only so can they say
which one did not hold. ``ours`` reads facts as they are stored, as text.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from importlib import import_module
from importlib.util import find_spec
from typing import Any, TypeAlias

from bench import report
from bench.measure import Spread, quotients
from config.embedded import postgres
from routing.flows.choose import Candidate, Fallback, RuleSpec, choose
from routing.flows.conditions import Clause, Found, Operator, holds
from routing.flows.fields import FieldSpec, FieldType
from routing.kernel.canonical import as_json

RULES, DECISIONS, PEOPLE = 20, 4_000, 8
SEED = 12
AIM = 2  # times rule-engine
AMOUNT = FieldSpec("deal.amount", "Amount", FieldType.NUMBER)
SIZE = FieldSpec("company.size", "Employees", FieldType.NUMBER)
TERRITORY = FieldSpec("company.territory", "Territory", FieldType.TEXT)
SERVICE = FieldSpec("deal.service", "Service", FieldType.TEXT)
NAME = FieldSpec("deal.name", "Deal", FieldType.TEXT)
TERRITORIES = ("dach", "nordics", "benelux", "iberia")
SERVICES = ("website", "seo", "film", "print", "campaign")

Facts: TypeAlias = Mapping[str, Any]
# The place of the rule that matched, and which of the conditions held of each rule up to it.
Asked: TypeAlias = tuple[int, Sequence[Sequence[bool]]]


@dataclass(frozen=True, slots=True)
class AskedFacts:
    """The facts of a decision as they are stored, and typed for the peers."""

    stored: Facts
    typed: Facts


def rules(_server: postgres.Postgres, *, repetitions: int, scale: float) -> dict[str, Any]:
    """Measure conditions with their answers, beside peers, and whole decisions."""
    chance = random.Random(SEED)  # noqa: S311 (the same rules each time)
    asked = [_rule(place, chance) for place in range(RULES)]
    many = [_facts(chance) for _ in range(max(100, round(DECISIONS * scale)))]
    engines: dict[str, Callable[[AskedFacts], Asked]] = {"ours": _ours(asked)}
    engines["rule_engine"] = _rule_engine(asked)
    if find_spec("cel_expr_python"):  # it has no wheel for some systems
        engines["cel"] = _cel(asked)
    engines["ours_whole"] = _whole(asked)
    expected = [engines["ours"](each) for each in many]
    checks = {
        f"{name} gives the same answers": [engine(each) for each in many] == expected
        for name, engine in engines.items()
    }
    rates: dict[str, list[float]] = {name: [] for name in engines}
    for _ in range(repetitions):
        for name, engine in engines.items():
            began = time.perf_counter()
            for each in many:
                engine(each)
            rates[name].append(len(many) / (time.perf_counter() - began))
    figures: dict[str, Any] = {"rules": RULES, "decisions": len(many)}
    figures |= {f"{name}_per_s": Spread.of(each) for name, each in rates.items()}
    ratios = {
        name: Spread.of(quotients(rates["ours"], each))
        for name, each in rates.items()
        if not name.startswith("ours")
    }
    checks[f"at least {AIM} times rule-engine"] = ratios["rule_engine"].median >= AIM
    return report.one("rules", figures, ratios, checks)


def _rule(place: int, chance: random.Random) -> RuleSpec:
    """Return a rule of five conditions. The last one always matches."""
    if place == RULES - 1:
        return RuleSpec(place, "Everything", 1, (), False, 3, ())
    clauses = (
        Clause(AMOUNT, Operator.AT_LEAST, str(chance.randrange(1_000, 60_000))),
        Clause(SIZE, Operator.BELOW, str(chance.randrange(50, 500))),
        Clause(TERRITORY, Operator.EQUALS, chance.choice(TERRITORIES)),
        Clause(SERVICE, Operator.ONE_OF, chance.sample(SERVICES, 3)),
        Clause(NAME, Operator.CONTAINS, chance.choice(("autumn", "spring", "part"))),
    )
    return RuleSpec(place, f"Rule {place}", 1, (), False, 3, clauses)


def _facts(chance: random.Random) -> AskedFacts:
    stored = {
        AMOUNT.name: str(chance.randrange(500, 90_000)),
        SIZE.name: str(chance.randrange(1, 600)),
        TERRITORY.name: chance.choice(TERRITORIES),
        SERVICE.name: chance.choice(SERVICES),
        NAME.name: f"{chance.choice(('autumn', 'spring'))} landing page, part 7",
    }
    typed: dict[str, Any] = {_short(name): value for name, value in stored.items()}
    typed |= {_short(each.name): float(stored[each.name]) for each in (AMOUNT, SIZE)}
    return AskedFacts(stored, typed)


def _short(name: str) -> str:
    return name.rpartition(".")[2]


def _ours(asked: Sequence[RuleSpec]) -> Callable[[AskedFacts], Asked]:
    def decide(facts: AskedFacts) -> Asked:
        found, read = [], dict[str, Found]()
        for rule in asked:
            matched, answers = holds(rule.clauses, facts.stored, read)
            found.append([answer.held for answer in answers])
            if matched:
                break
        return len(found), found

    return decide


def _whole(asked: Sequence[RuleSpec]) -> Callable[[AskedFacts], Asked]:
    """Choose among people, too, and write the answer as it is recorded."""
    people = [
        Candidate(number, (1,), (), True, False, number % 3, "", "") for number in range(1, PEOPLE)
    ]
    fallback = Fallback((), (1, 2))

    def decide(facts: AskedFacts) -> Asked:
        choice = choose(asked, facts.stored, people, fallback)
        as_json(choice)
        found = []
        for _name, _held, answers in choice.asked:
            found.append([answer.held for answer in answers])
        return len(found), found

    return decide


def _rule_engine(asked: Sequence[RuleSpec]) -> Callable[[AskedFacts], Asked]:
    engine: Any = import_module("rule_engine")
    made = _each(asked, lambda clause: engine.Rule(_as_text(clause, cel=False)))

    def decide(facts: AskedFacts) -> Asked:
        return _asked(made, lambda condition: condition.matches(facts.typed))

    return decide


def _cel(asked: Sequence[RuleSpec]) -> Callable[[AskedFacts], Asked]:
    cel: Any = import_module("cel_expr_python.cel")
    numbers = {_short(each.name): cel.Type.DOUBLE for each in (AMOUNT, SIZE)}
    texts = {_short(each.name): cel.Type.STRING for each in (TERRITORY, SERVICE, NAME)}
    env = cel.NewEnv(variables={**numbers, **texts})
    made = _each(asked, lambda clause: env.compile(_as_text(clause, cel=True)))

    def decide(facts: AskedFacts) -> Asked:
        known = env.Activation(facts.typed)
        return _asked(made, lambda condition: condition.eval(known).value())

    return decide


def _each(asked: Sequence[RuleSpec], make: Callable[[Clause], Any]) -> list[list[Any]]:
    return [list(map(make, rule.clauses)) for rule in asked]


def _asked(made: Sequence[Sequence[Any]], holds_now: Callable[[Any], bool]) -> Asked:
    found = []
    for conditions in made:
        answers = [holds_now(condition) for condition in conditions]
        found.append(answers)
        if all(answers):
            break
    return len(found), found


def _as_text(clause: Clause, *, cel: bool) -> str:
    """Return a condition in the language of a peer."""
    name = _short(clause.spec.name)
    if clause.operator is Operator.CONTAINS:
        return f'{name}.contains("{clause.value}")' if cel else f'"{clause.value}" in {name}'
    if clause.operator is Operator.ONE_OF:
        values = ", ".join(f'"{value}"' for value in clause.value)
        return f"{name} in [{values}]"
    if clause.operator is Operator.EQUALS:
        return f'{name} == "{clause.value}"'
    sign = ">=" if clause.operator is Operator.AT_LEAST else "<"
    return f"{name} {sign} {float(Decimal(clause.value))}"

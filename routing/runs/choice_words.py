"""The choice of a decision in words: each candidate with its verdict, and why this pair."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from routing.flows.choose import NAMED, UNCLEARED
from routing.flows.operator_words import OPERATORS
from routing.runs.decisions import Decision
from routing.runs.fact_words import with_unit
from routing.work.gates import Words

REASONS: Mapping[str, Words] = {
    "not in the team": gettext_lazy("not in the team"),
    "not active": gettext_lazy("not active"),
    "absent": gettext_lazy("absent"),
    "has no role that can own work": gettext_lazy("has no role that can own work"),
    UNCLEARED: gettext_lazy("not cleared for this restricted client"),
}
BECAUSE: Mapping[str, Words] = {
    "account owner": gettext_lazy("owner of the account"),
    NAMED: gettext_lazy("owner in the CRM"),
    "least open work": gettext_lazy("least open work"),
    "nobody of the team fits: fallback": gettext_lazy("stands in, because nobody of the team fits"),
}


@dataclass(frozen=True, slots=True)
class CandidateWords:
    """
    One candidate: the role that they got (``owner``, ``backup`` or nothing), and why.
    """

    user_id: int
    role: str
    why: str
    open_items: int | None
    ruled_out: tuple[str, ...]


def candidate_words(decision: Decision) -> Sequence[CandidateWords]:
    """Return every candidate of a decision, the chosen ones first."""
    answer, asked = json.loads(decision.answer), json.loads(decision.asked)
    load = {each["user_id"]: each["open_items"] for each in asked["candidates"]}
    reasons = {each["user_id"]: each["reasons"] for each in answer["rulings"]}
    fallback, named = asked["fallback"], (asked.get("named") or {}).get("user_id")
    found = []
    for user, against in reasons.items():
        ruled_out = reasons_in_words(against)
        role, why = "", ", ".join(ruled_out) or _("fits, but others have less open work")
        if user == decision.owner_id:
            role, why = "owner", _why(answer["because"], ruled_out)
        elif user == decision.backup_id:
            role, why = "backup", _why_backup(user, ruled_out, fallback)
        if user == named and user != decision.owner_id:
            why = _why_not_named(why, ruled_out, answer["because"])
        found.append(CandidateWords(user, role, why, load.get(user), ruled_out))
    order = {"owner": 0, "backup": 1, "": 2}
    return sorted(found, key=lambda each: order[each.role])


def named_words(decision: Decision) -> str:
    """Return what became of whom the CRM calls the owner, if nobody here has the address."""
    named = json.loads(decision.asked).get("named")
    if not named or named["user_id"] is not None:
        return ""
    return _(
        "Nobody here has the e-mail address of the owner in the CRM, so the others were compared."
    )


def _why_not_named(why: str, ruled_out: Sequence[str], because: str) -> str:
    """Return why the owner in the CRM did not become the owner of the work."""
    if because == "account owner":
        against = _("the owner of the account comes first")
        return _("%(why)s; owner in the CRM, but %(against)s") % {"why": why, "against": against}
    against = ", ".join(ruled_out)
    return _("owner in the CRM, but %(against)s") % {"against": against}


def reasons_in_words(against: Sequence[str]) -> tuple[str, ...]:
    """Return the reasons against a candidate, as a ruling has them, in words."""
    return tuple(_reason(each) for each in against)


def _reason(text: str) -> str:
    if text.startswith("lacks "):
        return _("lacks %(skills)s") % {"skills": text.removeprefix("lacks ")}
    return str(REASONS.get(text, text))


def _why(because: str, ruled_out: Sequence[str]) -> str:
    """Return why somebody was chosen, also although a rule is against them."""
    said = str(BECAUSE.get(because, because))
    if not ruled_out:
        return said
    return _("%(why)s, takes it although %(against)s") % {
        "why": said,
        "against": ", ".join(ruled_out),
    }


def _why_backup(user: int, ruled_out: Sequence[str], fallback: Mapping[str, Any]) -> str:
    if not ruled_out:
        return _("next in line: least open work after the owner")
    if user in fallback["account"]:
        said = _("stands in for the account: owner or backup of the client")
    elif user in fallback["policy"]:
        said = _("stands in for the flow: its policy owner or policy backup")
    else:
        said = _("next in line")
    return _("%(why)s, takes it although %(against)s") % {
        "why": said,
        "against": ", ".join(ruled_out),
    }


# -- Rules -----------------------------------------------------------------------------------------


def clause_words(clause: Mapping[str, Any], labels: Mapping[str, str]) -> str:
    """
    Return a condition of a rule, such as “Amount is at least 10000”.

    :param labels: of the fields of the flow, by name
    """
    operator = str(OPERATORS.get(clause["operator"], clause["operator"]))
    words = (labels.get(clause["field"], clause["field"]), operator, clause["wanted"])
    return " ".join(word for word in words if word)


def rule_lines(
    answer: Mapping[str, Any], labels: Mapping[str, str], facts: Mapping[str, Any]
) -> Iterator[str]:
    """
    Yield a sentence for each rule that a decision asked, up to the one that matched.

    :param answer: of a ``Decision``, as it was recorded
    :param facts: that the rules compared, for the units of their values
    """
    for name, held, clauses in answer["asked"]:
        said = "; ".join(answered_words(each, labels, facts) for each in clauses)
        said = said or _("it has no conditions, so it always matches")
        matched = _("“%(rule)s” matched: %(why)s.") if held else _("“%(rule)s” did not: %(why)s.")
        yield matched % {"rule": name, "why": said}


def answered_words(
    clause: Mapping[str, Any], labels: Mapping[str, str], facts: Mapping[str, Any]
) -> str:
    """Return a condition with its answer: “Amount is at least 10,000 – yes, it is 12,000 EUR”."""
    text = _("%(condition)s – yes, it is %(found)s")
    if not clause["held"]:
        text = _("%(condition)s – no, it is %(found)s")
    name = clause["field"]
    found = with_unit(name, clause["found"], facts) or _("unknown")
    # Rules compare amounts in the currency of each, so what is wanted has none.
    wanted = {**clause, "wanted": with_unit(name, clause["wanted"], {})}
    return text % {"condition": clause_words(wanted, labels), "found": found}

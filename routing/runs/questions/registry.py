"""
The ten questions about any work, and the registry of functions that answer them.

Rooms and packages above add statements of their own: they register in ``AppConfig.ready``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from routing.runs.questions.asked import AskedWork
from routing.work.gates import Words
from routing.work.saves import Save

QUESTIONS: Mapping[str, Words] = {
    "started": gettext_lazy("What started it, when, and from where?"),
    "known": gettext_lazy("What was known, and where did each value come from?"),
    "rule": gettext_lazy("Which rule and which version decided?"),
    "candidates": gettext_lazy("Who was considered, and why not?"),
    "owner": gettext_lazy("Who owns it, and who backs up?"),
    "waiting": gettext_lazy("What is it waiting for, and who can clear that?"),
    "due": gettext_lazy("When is it due, and why?"),
    "outside": gettext_lazy("What was sent outside, and what came back?"),
    "outcome": gettext_lazy("Did the outcome happen, and what proves it?"),
    "by_hand": gettext_lazy("What was changed by hand, by whom, and why?"),
}
# The answer if no function has anything to say, and where it was looked for.
NOTHING: Mapping[str, tuple[Words, Words]] = {
    "started": (gettext_lazy("No record of its start was found."), gettext_lazy("events")),
    "known": (gettext_lazy("Nothing is known yet."), gettext_lazy("enrichments and history")),
    "rule": (gettext_lazy("No rule has decided yet."), gettext_lazy("decisions")),
    "candidates": (gettext_lazy("Nobody has been considered yet."), gettext_lazy("decisions")),
    "owner": (gettext_lazy("Nobody owns it yet."), gettext_lazy("the work item")),
    "waiting": (gettext_lazy("It waits for nothing."), gettext_lazy("the work item")),
    "due": (gettext_lazy("Nothing is due: no clock was started."), gettext_lazy("clocks")),
    "outside": (
        gettext_lazy("Nothing was sent outside yet, and nothing came back."),
        gettext_lazy("outbox messages"),
    ),
    "outcome": (gettext_lazy("No outcome is expected yet."), gettext_lazy("outcomes")),
    "by_hand": (
        gettext_lazy("Nothing was changed by hand yet."),
        gettext_lazy("events and history"),
    ),
}


@dataclass(frozen=True, slots=True)
class Statement:
    """
    One sentence of an answer, with the rows that it was read from and the instant it is about.
    """

    text: str
    rows: tuple[models.Model, ...]
    at: datetime | None = None
    url: str = ""

    @property
    def source(self) -> str:
        return ", ".join(dict.fromkeys(source_of(row) for row in self.rows))


Answerer = Callable[[AskedWork], Iterable[Statement]]

_answerers: dict[str, list[Answerer]] = defaultdict(list)


def statements(key: str) -> Callable[[Answerer], Answerer]:
    """
    Register a function that adds statements to the answer of one question.

    :raises KeyError: if there is no such question
    """
    if key not in QUESTIONS:
        raise KeyError(key)

    def register(answerer: Answerer) -> Answerer:
        _answerers[key].append(answerer)
        return answerer

    return register


def answerers(key: str) -> Sequence[Answerer]:
    return tuple(_answerers.get(key, ()))


def because(save: Save | None) -> tuple[Sequence[str], tuple[models.Model, ...]]:
    """Return the reason of a step as sentences, and the record that it was read from."""
    if save is None:
        return [_("History has no record of it.")], ()
    said = [_("Reason: %(why)s") % {"why": save.reason}] if save.reason else []
    return said, (save.record,)


def source_of(row: Any) -> str:
    """Return the name of a row, such as ``event 12`` or ``record 7 of request 3``."""
    if hasattr(row, "history_id"):
        name = row.instance_type._meta.verbose_name
        return _("record %(record)s of %(name)s %(id)s") % {
            "record": row.history_id,
            "name": name,
            "id": row.id,
        }
    return f"{row._meta.verbose_name} {row.pk}"

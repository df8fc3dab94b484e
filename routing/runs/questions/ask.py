"""Ask the ten questions about a piece of work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.utils.translation import gettext as _

from routing.people.actors import Actor
from routing.runs.questions.asked import AskedWork
from routing.runs.questions.registry import NOTHING, QUESTIONS, Statement, answerers
from routing.work.items import WorkItem

SCHEMA = {"name": "throughline.trace.questions", "version": 1}


@dataclass(frozen=True, slots=True)
class QuestionAnswer:
    """The answer to one question. It is never empty: nothing is said in words as well."""

    key: str
    question: str
    statements: Sequence[Statement]
    asked_at: datetime

    @property
    def answer(self) -> str:
        if not self.statements:
            return str(NOTHING[self.key][0])
        return "\n".join(each.text for each in self.statements)

    @property
    def source(self) -> str:
        found = dict.fromkeys(each.source for each in self.statements if each.source)
        return "; ".join(found) or _("nothing found among: %(where)s") % {
            "where": NOTHING[self.key][1]
        }

    @property
    def at(self) -> datetime:
        """Return the newest instant of the answer, or the one of the question."""
        return max((each.at for each in self.statements if each.at), default=self.asked_at)

    def as_json(self) -> dict[str, Any]:
        return {
            "key": self.key,
            "question": self.question,
            "answer": self.answer,
            "source": self.source,
            "at": utc(self.at),
            "statements": [
                {"text": each.text, "source": each.source, "at": utc(each.at or self.asked_at)}
                for each in self.statements
            ],
        }


def ask(item: WorkItem, at: datetime, by: Actor | None = None) -> list[QuestionAnswer]:
    """
    Return the answers to the ten questions at ``at`` (aware).

    :param item: from ``AskedWork.items``
    :param by: the reader; None sees everything
    """
    work = AskedWork(item, at, by)
    found = []
    for key, question in QUESTIONS.items():
        said: list[Statement] = []
        for answerer in answerers(key):
            said += answerer(work)
        found.append(QuestionAnswer(key, str(question), said, at))
    return found


def as_json(ref: str, answers: Sequence[QuestionAnswer]) -> dict[str, Any]:
    return {"schema": SCHEMA, "ref": ref, "questions": [each.as_json() for each in answers]}


def utc(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")

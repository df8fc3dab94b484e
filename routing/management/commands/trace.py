from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.timezone import now

from routing.runs.find import find_run, find_work
from routing.runs.questions.ask import QuestionAnswer, ask
from routing.runs.questions.ask import as_json as answers_as_json
from routing.runs.trace import CURRENT, WITH_CURRENT, trace
from routing.work.kinds import state_label

UNKNOWN = (
    "Nothing is known as {ref}. Give a reference such as ACM-142, or source/type/id such as "
    "crm/deal/901."
)


class Command(BaseCommand):
    help = (
        "Show the trace of a run, or with --questions the answers to ten questions about any work: "
        "manage.py trace ACM-142 --questions --json"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "ref",
            metavar="REF",
            help="a reference such as ACM-142, or <source>/<type>/<id> of what it is about",
        )
        parser.add_argument("--json", action="store_true", help="instants in UTC")
        parser.add_argument(
            "--questions",
            action="store_true",
            help="what started it, what was known, which rule, who was considered, who owns it, "
            "what it waits for, when it is due, what was sent, the outcome, what was done by hand",
        )

    def handle(self, *, ref: str, json: bool, questions: bool, **_: Any) -> None:
        if questions:
            self.answer(ref, as_json=json)
            return
        found = find_run(ref)
        if found is None:
            work = find_work(ref)
            if work is None:
                raise CommandError(UNKNOWN.format(ref=ref))
            raise CommandError(
                f"{work.ref} belongs to no run, so it has no trace. Ask the ten questions: "
                f"manage.py trace {work.ref} --questions"
            )
        data = trace(found).as_json()
        self.stdout.write(_as_json(data) if json else _as_text(data))

    def answer(self, ref: str, *, as_json: bool) -> None:
        work = find_work(ref)
        if work is None:
            raise CommandError(UNKNOWN.format(ref=ref))
        answers = ask(work, now())
        if as_json:
            self.stdout.write(_as_json(answers_as_json(work.ref, answers)))
        else:
            self.stdout.write("\n".join([f"{work.ref}  {work.title}", *_answers(answers)]))


def _answers(answers: list[QuestionAnswer]) -> Iterator[str]:
    for each in answers:
        yield ""
        yield each.question
        yield from (f"  {line}" for line in each.answer.splitlines())


def _as_json(data: dict[str, Any]) -> str:
    return json.dumps(data, indent=2, ensure_ascii=False, default=str)


def _as_text(data: dict[str, Any]) -> str:
    subject = data["subject"]
    client = data["client"] or "not known yet"
    lines = [
        f"{data['ref']}  {state_label('run', data['state'])}  {data['flow']}",
        f"about {subject['source']} {subject['type']} {subject['id']}, client {client}",
        f"owner {data['owner']}, backup {data['backup']}",
        "",
    ]
    for entry in data["entries"]:
        lines.append(f"{entry['at'][:19]}Z  {entry['section']:<11} {entry['title']}")
        data_of = _with_labels(entry["section"], entry["data"])
        lines += [f"{'':23}{line}" for line in _data_lines(data_of)]
    lines += ["", *data["nothing_yet"]]
    return "\n".join(lines)


def _with_labels(section: str, data: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the data of an entry, with the values that are today's marked as such."""
    if section not in WITH_CURRENT:
        return data
    return {f"{name} now" if name in CURRENT else name: each for name, each in data.items()}


def _data_lines(data: Mapping[str, Any]) -> Iterator[str]:
    """Yield one line per known value. Nested values are indented and empty ones left out."""
    for name, value in data.items():
        if value in ("", None, [], {}):
            continue
        if isinstance(value, Mapping):
            yield f"{name}:"
            yield from (f"  {line}" for line in _data_lines(value))
        elif isinstance(value, list | tuple) and any(isinstance(each, Mapping) for each in value):
            yield f"{name}:"
            yield from (f"  - {_short(each)}" for each in value)
        else:
            yield f"{name}: {_short(value)}"


def _short(value: Any) -> str:
    """Return a value on one line."""
    if isinstance(value, Mapping):
        known = {name: each for name, each in value.items() if each not in ("", None, [], {})}
        return ", ".join(f"{name} {_short(each)}" for name, each in known.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_short, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)

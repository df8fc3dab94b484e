from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.timezone import is_naive, now, override

from routing.people.staff import validate_timezone
from routing.runs.find import as_ref
from routing.runs.questions.ask import ask
from routing.runs.questions.asked import AskedWork
from routing.sla.clocks import Clock
from routing.sla.explain_due import Explanation, as_json, explain, instant, states_of, words
from routing.sla.promise_changes import ClockRevision
from routing.sla.revisions import revision_as_json, revision_sentence, revisions_of
from routing.work.items import WorkItem
from routing.work.kinds import kind_label, state_label


class Command(BaseCommand):
    help = "Explain the due date of a work item, segment by segment."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("ref", metavar="REF", help="the reference of the work, such as ACM-142")
        parser.add_argument(
            "--json", action="store_true", help="instants in UTC, working time in seconds"
        )
        parser.add_argument("--zone", help="an IANA time zone; otherwise the client's")
        parser.add_argument(
            "--at", help="state at this time, such as 2026-11-26T14:20+01:00; otherwise now"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        item = AskedWork.items().filter(ref=as_ref(options["ref"])).first()
        if item is None:
            raise CommandError(
                f"There is no work with the reference {options['ref']}. It looks like ACM-142."
            )
        zone, at = _zone(options["zone"], item), _instant(options["at"])
        # A run has no clock of its own. What is due of it is due of its work.
        about = {"item__run": item.run_id} if item.kind == "run" else {"item": item}
        clocks = (
            Clock.objects.filter(**about, started_at__lte=at)
            .select_related("item", "terms")
            .prefetch_related("marks")
            .order_by("stopped_at", "due_at", "id")
        )
        states = {clock.item_id: states_of(clock.item, at) for clock in clocks}
        found = [explain(clock, at, states[clock.item_id]) for clock in clocks]
        by_clock = revisions_of(clocks)
        revised = [by_clock.get(clock.pk, ()) for clock in clocks]
        dues = [clock.item.next_due_at for clock in clocks if clock.item.next_due_at]
        due_at = min(dues, default=None) if item.kind == "run" else item.next_due_at
        if options["json"]:
            head = {"ref": item.ref, "state": item.state, "zone": zone.key, "at": at.isoformat()}
            body = {**head, "due_at": due_at, "clocks": list(map(_in_json, found, revised))}
            self.stdout.write(json.dumps(body, indent=2, default=datetime.isoformat))
            return
        due = f"due {instant(due_at, zone)}" if due_at else "nothing due"
        self.stdout.write(
            f"{item.ref} {item.title} · {kind_label(item)} · "
            f"{state_label(item.kind, item.state)} · {due} ({zone.key})"
        )
        if not found:
            self.stdout.write("No clock has started for this work.")
            with override(zone):
                self.other_dates(item, at)
        for each, rows in zip(found, revised, strict=True):
            lines = words(each, zone)
            lines[2:2] = [f"  {revision_sentence(row, zone)}" for row in rows]
            if each.ref != item.ref:
                lines[0] = f"{each.ref} {lines[0]}"
            self.stdout.write("\n" + "\n".join(lines))

    def other_dates(self, item: WorkItem, at: datetime) -> None:
        """Write the deadline of an approval and the days that somebody wished for or planned."""
        due = next(each for each in ask(item, at) if each.key == "due")
        for statement in due.statements:
            self.stdout.write(statement.text)


def _in_json(found: Explanation, revised: Sequence[ClockRevision]) -> dict[str, Any]:
    return as_json(found) | {"revisions": [revision_as_json(each) for each in revised]}


def _zone(name: str | None, item: WorkItem) -> ZoneInfo:
    wanted = name or (item.client.timezone if item.client else "UTC")
    try:
        validate_timezone(wanted)
    except ValidationError as unknown:
        raise CommandError(" ".join(unknown.messages)) from unknown
    return ZoneInfo(wanted)


def _instant(text: str | None) -> datetime:
    if text is None:
        return now()
    try:
        at = datetime.fromisoformat(text)
    except ValueError as bad:
        raise CommandError(
            f"“{text}” is not a time. Enter one such as 2026-11-26T14:20+01:00."
        ) from bad
    if is_naive(at):
        raise CommandError(
            f"“{text}” has no time zone. Enter a time such as 2026-11-26T14:20+01:00."
        )
    return at

"""The notifications that a person is shown: those about work that they may see."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from django.db.models import Q

from routing.messages.models import Notification
from routing.people.actors import Actor
from routing.work.visibility import seen_by, visible_work, work_seen_by

Words = Notification.Words
# Somebody who was relieved of work is told so, by its reference alone.
PASSED_ON = (Words.NOT_OWNER, Words.NOT_BACKUP, Words.NOT_ASSIGNED)


def shown_to(by: Actor) -> Q:
    """Return the condition on notifications that this reader is shown."""
    if visible_work(by) is None:
        return Q()
    return Q(words__in=PASSED_ON) | Q(item__in=work_seen_by(by).order_by())


def shown_sql(by: Actor) -> tuple[str, dict[str, object]]:
    """Return the same for a hand-written statement with the notification as ``n``."""
    seen = seen_by(by)
    if seen is None:
        return "true", {}
    sql, params = seen
    values: dict[str, object] = {f"seen{number}": value for number, value in enumerate(params)}
    for name in values:
        sql = sql.replace("%s", f"%({name})s", 1)
    values["passed_on"] = [str(each) for each in PASSED_ON]
    return f"(n.words = ANY(%(passed_on)s) OR n.item_id IN ({sql}))", values


def hidden_items(rows: Sequence[Notification], by: Actor) -> Collection[int]:
    """Return the ids of the work items that these notifications are about and ``by`` cannot see."""
    if visible_work(by) is None:
        return ()
    about = {row.item_id for row in rows}
    return about - set(work_seen_by(by).filter(pk__in=about).values_list("pk", flat=True))

"""Who owns the work and who backs up, since when, and by whose choice."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _

from routing.cover.absences import Absence
from routing.runs.questions.asked import AskedWork
from routing.runs.questions.registry import Statement, statements
from routing.runs.questions.rule import pairs
from routing.work.display import exact


@statements("owner")
def pair(work: AskedWork) -> Iterator[Statement]:
    item = work.item
    values = {
        "owner": item.owner or _("nobody"),
        "backup": item.backup or _("nobody"),
        "team": item.team or _("no team"),
    }
    text = _("%(owner)s owns it, %(backup)s backs up. Team: %(team)s.")
    if not item.is_open:
        text = _("%(owner)s owned it when it ended, %(backup)s backed up. Team: %(team)s.")
    people = (row for row in (item.owner, item.backup, item.team) if row is not None)
    yield Statement(text % values, (item, *people), item.changed_at)
    if item.doer is not None:
        text = _("%(who)s does the work.") % {"who": item.doer}
        yield Statement(text, (item, item.doer), item.changed_at)


@statements("owner")
def since(work: AskedWork) -> Iterator[Statement]:
    """Each change of owner or backup, with who made it and why."""
    changes = pairs(work.item_saves)
    if not changes:
        text = _("History does not say since when.")
        yield Statement(text, (work.item,), work.item.created_at)
    for save in changes:
        values = {
            "at": exact(save.at),
            "owner": work.names.user(save.record.owner_id),
            "backup": work.names.user(save.record.backup_id),
            "who": work.names.user(save.by_id),
        }
        text = _("At %(at)s %(who)s made %(owner)s the owner and %(backup)s the backup.") % values
        if save.reason:
            text += " " + _("Reason: %(why)s") % {"why": save.reason}
        yield Statement(text, (save.record,), save.at)


@statements("owner")
def away(work: AskedWork) -> Iterator[Statement]:
    """Absences of owner and backup at the moment."""
    item = work.item
    if not item.is_open:
        return
    found = Absence.objects.at(work.at).filter(user__in=[item.owner_id, item.backup_id])
    for row in found.select_related("user"):
        text = _("%(who)s is absent until %(until)s.")
        yield Statement(
            text % {"who": row.user, "until": exact(row.ends_at)}, (row,), row.starts_at
        )

"""Sentences about discrepancies, and the choices that a person has."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext as _

from integrations.outbox.discrepancies import Discrepancy
from routing.work.display import exact

Kind, Choice = Discrepancy.Kind, Discrepancy.Choice


def sentence(row: Discrepancy) -> str:
    """Return what is wrong, with every address, and what is proposed."""
    what = {
        "title": row.title or _("Untitled"),
        "place": f"{row.object_type}/{row.remote_id}",
        "url": row.url or _("no address"),
        "status": row.status,
        "kept": f"{row.object_type}/{row.keeps}",
        "kept_url": row.keeps_url or _("no address"),
        "changes": ", ".join(row.changes),
        "at": exact(row.scheduled_at) if row.scheduled_at else "",
    }
    if row.is_file:
        return (
            _(
                "A file of %(kept_url)s exists twice: %(kept)s, and %(place)s at %(url)s with "
                "the same bytes. Proposal: delete the second one."
            )
            % what
        )
    return _of_kind(row.kind) % what


def _of_kind(kind: str) -> str:
    words: Mapping[str, str] = {
        Kind.COPY: _(
            "“%(title)s” exists twice: %(kept)s at %(kept_url)s, and %(place)s (%(status)s) at "
            "%(url)s. Proposal: keep the first and move the second to the trash."
        ),
        Kind.STRAY: _(
            "“%(title)s” (%(place)s, %(status)s) at %(url)s was written by this product, but "
            "belongs to no work. A lost request or a restored backup leaves such "
            "objects. Proposal: look at it, then move it to the trash or leave it."
        ),
        Kind.TRASHED: _(
            "Somebody moved “%(title)s” (%(place)s) to the trash of the site. It was at %(url)s."
        ),
        Kind.DELETED: _("Somebody deleted %(place)s on the site. It was at %(url)s."),
        Kind.HIDDEN: _(
            "Somebody took “%(title)s” (%(place)s) offline on the site: its status is %(status)s. "
            "It was at %(url)s."
        ),
        Kind.EDITED: _(
            "Somebody changed “%(title)s” (%(place)s) at %(url)s on the site: %(changes)s."
        ),
        Kind.SCHEDULED: _(
            "Somebody scheduled “%(title)s” (%(place)s) on the site. It becomes public there by "
            "itself: %(at)s."
        ),
    }
    return words[kind]


def choices_of(row: Discrepancy, *, live: bool) -> Mapping[str, str]:
    """
    Return what a person can choose for a discrepancy, with the label of each choice.

    :param live: whether the work is live, so that an end of its page can be accepted
    """
    trash, keep = str(Choice.TRASH), str(Choice.KEEP)
    ours, anew, theirs = str(Choice.OURS), str(Choice.ANEW), str(Choice.THEIRS)
    made = {anew: _("Create it again: publish another page with the approved content")}
    gone = {theirs: _("Accept it: archive the work, the page stays down")} if live else {}
    waits = {} if live else {theirs: _("Leave it scheduled, and confirm it after that")}
    words: Mapping[str, Mapping[str, str]] = {
        Kind.COPY: {
            trash: _("Move the second to the trash (proposed)"),
            keep: _("Leave both as they are"),
        },
        Kind.STRAY: {trash: _("Move it to the trash"), keep: _("Leave it as it is")},
        Kind.TRASHED: {
            ours: _("Restore our version: put the page back with the approved content"),
            **made,
            **gone,
        },
        Kind.DELETED: {**made, **gone},
        Kind.HIDDEN: {ours: _("Restore our version: publish the approved content there"), **gone},
        Kind.EDITED: {
            theirs: _("Accept their changes: keep them as a new version"),
            ours: _("Restore our version: overwrite the page with the approved content"),
        },
        Kind.SCHEDULED: {ours: _("Publish it now, with today's date"), **waits},
    }
    if row.is_file:
        return {
            trash: _("Delete the second file (proposed). A library of files has no trash"),
            keep: _("Leave both files"),
        }
    return words[row.kind]

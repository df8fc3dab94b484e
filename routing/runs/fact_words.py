"""Where a fact of a run came from, in words."""

from __future__ import annotations

from django.utils.translation import gettext as _

from routing.people.staff import User
from routing.runs.models import Enrichment, Run

PERSON = "person"  # in ``sources``: somebody filled it in


def origin_of(row: Enrichment, name: str, run: Run | None) -> str:
    """
    Return the source of a fact, never empty.

    :param row: an enrichment with that fact and its ``by``
    :param name: of the fact, or ``client``
    """
    source = str(row.sources.get(name, ""))
    if source == PERSON:
        if row.by.kind != User.Kind.PERSON:
            return _("filled in by a person before, kept by %(who)s") % {"who": row.by}
        said = _("filled in by %(who)s") % {"who": row.by}
        if row.reason:
            said += " " + _("because: %(why)s") % {"why": row.reason}
        return said
    if source:
        return source
    if run is None:
        return _("read by %(who)s") % {"who": row.by}
    # Rows of subjects that no other system is asked about: the event itself had the facts.
    return _("the event of %(source)s about %(type)s %(id)s") % {
        "source": run.source,
        "type": run.subject_type,
        "id": run.subject_id,
    }

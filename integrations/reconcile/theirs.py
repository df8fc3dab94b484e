"""Make a version of what somebody else wrote on the site."""

from __future__ import annotations

from datetime import datetime
from html import escape

from django.utils.translation import gettext as _

from delivery.deliverables.operations.versions import (
    Draft,
    DraftFile,
    SameVersion,
    UnreadableDraft,
    make_version,
)
from delivery.models import Deliverable
from integrations.outbox.discrepancies import Discrepancy
from integrations.outbox.models import Outbound
from routing.people.actors import Actor


def version_of_theirs(
    row: Discrepancy, page: Deliverable, *, by: Actor, at: datetime
) -> tuple[int, str]:
    """
    Make a version of the texts of a discrepancy, with the files of the newest version.

    :returns: its id, or 0 if nothing differs from the newest version, and what is against it
    """
    assert page.version is not None  # pages that are live or failed have one
    texts = {
        **row.texts,
        "body_html": _with_files(row, row.texts.get("body_html", "")),
        "seo_title": page.version.seo_title,
        "seo_description": page.version.seo_description,
        "note": _("Taken over from the site."),
    }
    parts = [
        DraftFile(part.file_id, part.role, part.alt)
        for part in page.version.files.order_by("position")
    ]
    try:
        made = make_version(page, Draft(texts, page.version.terms, parts), by, at)
    except SameVersion:
        return 0, ""
    except UnreadableDraft as error:
        return 0, str(error)
    return made.pk, ""


def _with_files(row: Discrepancy, body: str) -> str:
    """Put our names of files in place of their addresses on the site."""
    last = (
        Outbound.objects.filter(
            connection=row.connection_id,
            object_key=row.object_key,
            state=Outbound.State.DELIVERED,
        )
        .order_by("-pk")
        .values_list("evidence", flat=True)
        .first()
    )
    for sha256, medium in ((last or {}).get("media") or {}).items():
        for url in {escape(medium["url"]), medium["url"]}:
            body = body.replace(f'"{url}"', f'"asset:{sha256}"')
    return body

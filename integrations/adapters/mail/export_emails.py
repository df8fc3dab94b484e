"""
The content of the e-mail about an export, written when it leaves: nobody hears of a file that they
have downloaded already, or that is gone.
"""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from integrations.adapters.mail.content import moment, web_address, written_for
from integrations.adapters.mail.layout import EmailContent, EmailLayout, content_of
from routing.models import Export, User

EXPORT = "mail.export"


def export_email(export_id: int, person: User) -> EmailContent | None:
    """Write the e-mail to the person who asked for an export, or None if it is no news any more."""
    news = Export.objects.filter(cancelled_at=None, fetched_at=None)
    row = news.filter(pk=export_id, user=person).first()
    if row is None or row.expires_at is None or row.expires_at <= timezone.now():
        return None
    # Neither the list nor its filters are named, because mail can be read on the way.
    with written_for(settings.LANGUAGE_CODE, person.timezone):
        facts = [(_("Asked for"), moment(row.asked_at))]
        if row.storage_key:
            heading, text = _("Your export is ready"), _rows(row)
            facts.append((_("Gone after"), moment(row.expires_at)))
        else:
            heading, text = _("Your export failed"), row.get_fault_display()
        return content_of(
            EmailLayout(
                subject=heading,
                heading=heading,
                greeting=_("Hello %(name)s,") % {"name": person.get_short_name()},
                paragraphs=(text,),
                footer=_("You get this e-mail because you exported a long list."),
                facts=tuple(facts),
                button=_("Open my exports"),
                url=web_address(reverse("admin:routing_export_changelist")),
            )
        )


def _rows(row: Export) -> str:
    words = ngettext(
        "%(count)s row is ready, as %(format)s.",
        "%(count)s rows are ready, as %(format)s.",
        row.done,
    )
    count = number_format(row.done, force_grouping=True)
    return words % {"count": count, "format": row.get_format_display()}

"""
The content of e-mails with a report. They are written when they leave: nobody gets a report that
was withdrawn, or of a client that they may not see any more.
"""

from __future__ import annotations

from dataclasses import replace

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from delivery.models import Report
from delivery.reports.forms import TYPES, form_of
from integrations.adapters.mail.content import web_address, written_for
from integrations.adapters.mail.layout import (
    EmailContent,
    EmailFile,
    EmailLayout,
    agency_name,
    content_of,
)
from routing.models import Contact, Membership, User
from routing.people.actors import Actor
from routing.work.visibility import clients_seen_by

REPORT = "mail.report"
ATTACHED = ("pdf", "csv")


def report_email(
    report_id: int, *, user_id: int | None, contact_id: int | None
) -> tuple[str, EmailContent] | None:
    """
    Write the e-mail to a person or a contact, with its address, or return None if they are to get
    none any more.
    """
    report = Report.objects.filter(pk=report_id, withdrawn_at=None).select_related("client").first()
    if report is None:
        return None
    if contact_id is not None:
        return _to_contact(report, contact_id)
    person = User.objects.filter(pk=user_id or 0, is_active=True).first()
    if person is None or not _sees(person, report):
        return None
    address = web_address(reverse("admin:delivery_report_change", args=[report.pk]))
    with written_for(settings.LANGUAGE_CODE, person.timezone):
        why = _("You get this e-mail because you are a recipient of the reports of %(client)s.")
        return person.email, _content(report, person.get_short_name(), why, address)


def _sees(person: User, report: Report) -> bool:
    by = Actor.of(person)
    seen = clients_seen_by(by).filter(pk=report.client_id).exists()
    return seen and by.may("delivery.view_report")


def _to_contact(report: Report, contact_id: int) -> tuple[str, EmailContent] | None:
    member = (
        Membership.objects.filter(
            contact=contact_id, client=report.client_id, contact__erased_at=None
        )
        .exclude(contact__email="")
        .select_related("contact")
        .first()
    )
    if member is None:
        return None
    contact: Contact = member.contact
    with written_for(contact.language, report.client.timezone):
        why = _("You get this e-mail because %(agency)s sends you the reports of %(client)s.")
        return contact.email, _content(report, contact.full_name, why, "")


def _content(report: Report, name: str, why: str, url: str) -> EmailContent:
    month, client = report.words["title"], report.client.name
    values = {"month": month, "client": client, "agency": agency_name()}
    notice = report.words.get("notice", "")
    text = _("The report about %(month)s for %(client)s is attached, as PDF and as data.") % values
    layout = EmailLayout(
        subject=_("%(client)s: report for %(month)s") % values,
        heading=_("Monthly report: %(month)s") % values,
        greeting=_("Hello %(name)s,") % {"name": name},
        paragraphs=(text, *((notice,) if notice else ())),
        footer=why % values,
        facts=tuple((each["label"], each["value"]) for each in report.words["figures"]),
        button=_("Open the report") if url else "",
        url=url,
    )
    stem = f"{report.client.code.lower()}-{report.name}"
    files = tuple(
        EmailFile(
            f"{stem}.{form}",
            TYPES[form].partition(";")[0],
            form_of(form, report.words, report.data, report.made_at),
        )
        for form in ATTACHED
    )
    return replace(content_of(layout), files=files)

"""
A Monday of the demo agency as each role sees it: Today, the page of a piece of work, and an e-mail
to a client. The pictures in docs/screenshots are taken here.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from playwright.sync_api import expect
from pytest_django import Settings

from config.mail.stored_emails import newest_first, read
from delivery.models import Deliverable, Request
from delivery.requests.details import AskDetails
from delivery.requests.operations import requests
from demo.agency import agency as northlight
from integrations.models import Connection
from integrations.outbox.cases import health_places
from integrations.outbox.deliver import deliver_due
from routing.kernel.reasons import Reason
from routing.models import User
from routing.runs.operations.exception_defaults import ensure_routes
from routing.runs.operations.raising import ExceptionFinding, raise_exception
from tests.browser.conftest import SitDown
from tests.delivery.making import done
from tests.desk import url
from tests.world import NOW, by

pytestmark = [
    pytest.mark.browser,
    pytest.mark.drill,  # the demo is loaded, and each page is looked at four times
    pytest.mark.timeout(600),
    pytest.mark.django_db(transaction=True),
    pytest.mark.requirement("Q22"),
]
QUESTION = "Which of the two photographs may we use on the page?"
PEOPLE = {
    "account-manager": "mara",
    "operations-lead": "olu",
    "creative": "tess",
    "qa-reviewer": "ken",
    "integrations-owner": "ines",
}


def person(name: str) -> User:
    return User.objects.get(email=f"{name}@{northlight.DOMAIN}")


@pytest.fixture
def monday(settings: Settings, tmp_path: Path) -> None:
    """The demo agency, with a site that does not answer and a question to a client."""
    settings.EMBEDDED = True
    settings.SIGN_INS_FILE = tmp_path / "sign-ins"
    settings.SITES_DIR = settings.VAR_DIR = tmp_path
    settings.EMAIL_BACKEND = "config.mail.stored_emails.FolderBackend"
    ensure_routes()
    call_command("demo", verbosity=0)
    site = Connection.objects.get(slug="northlight-sites")
    trouble = {"connection": site.slug, "message": "The site gave no answer for ten seconds."}
    finding = ExceptionFinding(
        Reason.CONNECTION_FAILING, trouble, about=site.name, first=health_places(site)
    )
    assert raise_exception(finding, at=NOW) is not None
    asked = Request.objects.get(item__title="Size guide for boots")
    done(
        requests.ask(
            [asked.pk], by=by(person("jonas")), at=NOW, details=AskDetails(question=QUESTION)
        )
    )
    deliver_due(clock=lambda: NOW + timedelta(days=1))


def test_a_monday_is_readable_for_each_role_and_for_a_client(
    monday: None, sit_down: SitDown
) -> None:
    for role, name in PEOPLE.items():
        desk = sit_down(person(name))
        page = desk.open("/admin/")
        expect(page.get_by_role("heading", name="Today", level=1)).to_be_visible()
        desk.check(f"monday-today-{role}")

    desk = sit_down(person("mara"))
    work = Deliverable.objects.get(item__title="Repair days in the workshop")
    desk.open(url(Deliverable, "change", work.pk))
    desk.check("monday-work")

    [sent] = [each for each in read(newest_first()) if QUESTION in each.text]
    # As a document of its own: the page that frames it lets no script look inside.
    desk.page.set_content(sent.html)
    expect(desk.page.get_by_text(QUESTION, exact=True)).to_be_visible()
    desk.check("monday-email")

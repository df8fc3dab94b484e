"""The pages of the house: mail that is not sent, and what is shown when a page cannot be."""

from __future__ import annotations

import re

import pytest
from django.core.mail import EmailMessage
from playwright.sync_api import expect
from pytest_django import Settings

from tests.browser.conftest import SitDown
from tests.desk import url
from tests.world import World

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

STARTS_WITH_TODAY = re.compile("^Today")


def test_mail_is_readable_and_its_links_lead_on(
    agency: World, sit_down: SitDown, settings: Settings, tmp_path
):
    settings.VAR_DIR = tmp_path
    settings.SIGN_INS_FILE = tmp_path / "sign-ins"
    settings.SIGN_INS_FILE.touch()  # as in the demo
    settings.EMAIL_BACKEND = "config.mail.stored_emails.FolderBackend"
    desk = sit_down(agency.alice)
    desk.open("/admin/mail/")
    desk.check("mail-none")
    EmailMessage(
        "A new brief waits for you",
        f"Review it: {desk.server}/admin/\n\n" + "long" * 60,
        to=["alice@agency.test"],
    ).send()

    page = desk.open("/admin/mail/")
    desk.check("mail")
    page.click(f"article a[href='{desk.server}/admin/']")

    expect(page).to_have_title(STARTS_WITH_TODAY)


def test_pages_that_cannot_be_shown_are_pages_all_the_same(agency: World, sit_down: SitDown):
    desk = sit_down(agency.alice)
    for name, path in (("missing", "/nowhere/"), ("forbidden", url(type(agency.alice), "add"))):
        desk.page.goto(desk.server + path)
        desk.check(f"error-{name}")

    desk.page.click("text=Go to Today")

    expect(desk.page).to_have_title(STARTS_WITH_TODAY)

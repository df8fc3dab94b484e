"""
E-mails to the people of a client (DEFECTS A4): each once, to whom it concerns, in their language
and zone, in one thread, as text and as HTML.
"""

from __future__ import annotations

import ast
import gettext
import smtplib
from collections import Counter
from email import message_from_bytes, policy
from email.message import EmailMessage as Parsed
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings as project
from django.core import mail
from django.core.files.base import ContentFile
from django.core.mail.backends.locmem import EmailBackend
from pytest_django import Settings

from delivery.approvals.details import RecordDetails
from delivery.approvals.operations import approvals, deliverables
from delivery.deliverables.details import GoLiveDetails
from delivery.models import Deliverable, Request
from delivery.requests.details import AnswerDetails, AskDetails
from delivery.requests.operations import requests
from integrations.adapters.mail import client_emails, content, layout, report_emails
from integrations.adapters.mail.client_emails import TEXTS, ClientEmail
from integrations.adapters.mail.writer import message_id
from integrations.models import Outbound
from integrations.outbox.verbs import words_of
from routing.audit.operations.erasure import erase
from routing.models import (
    Client,
    Clock,
    Contact,
    Flow,
    FlowVersion,
    Membership,
    Notification,
    Run,
    WorkItem,
)
from routing.people.actors import Actor
from routing.runs.operations import runs
from routing.sla.operations.calendars import ensure_defaults
from routing.work.creation import create
from routing.work.door import carry
from routing.work.operations.files import keep
from tests.delivery.making import (
    approver,
    done,
    fresh,
    make_deliverables,
    question,
    record_request,
    with_the_client,
)
from tests.integrations.outbox.remote import Time, deliver
from tests.portal import APPROVER, REQUESTER, VIEWER, invited
from tests.world import NOW, World, by, make_contact, make_request

pytestmark = pytest.mark.requirement("Q21", "U3")

FOR_STAFF = {
    "You get this e-mail because the work is yours, or waits for you.",
    "You get this e-mail because you are a recipient of the reports of %(client)s.",
    "Open the report",
}


@pytest.fixture(autouse=True)
def _post(settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    settings.SITE_URL = "https://ops.agency.example"


class Losing(EmailBackend):
    """Accepts an e-mail and then loses the answer, once."""

    lost = False

    def send_messages(self, messages: Any) -> int:
        sent = super().send_messages(messages)
        if not Losing.lost:
            Losing.lost = True
            raise smtplib.SMTPServerDisconnected("gone")
        return sent


def person(world: World, name: str, role: str, language: str = "en") -> Contact:
    """A contact with portal access."""
    contact = invited(world, name, (world.acme, role))
    Contact.objects.filter(pk=contact.pk).update(language=language)
    Outbound.objects.all().delete()  # the invitation
    return Contact.objects.select_related("user").get(pk=contact.pk)


def outsider(world: World, name: str, role: str = REQUESTER, **fields: Any) -> Contact:
    """A contact with an address and no access."""
    contact = make_contact(name, f"{name.lower()}@client.test", **fields)
    Membership.objects.create(contact=contact, client=world.acme, role=role)
    return contact


def ask_for(
    world: World, contact: Contact | None, title: str = "A new site", **fields: Any
) -> Request:
    given = {"title": title, "details": "Five pages", "contact": contact} | fields
    return record_request(world, at=NOW, **given)


def sent_to(contact: Contact) -> list[str]:
    rows = Outbound.objects.filter(content__contact=contact.pk).order_by("due_at", "pk")
    return [verb.removeprefix("mail.") for verb in rows.values_list("verb", flat=True)]


def parsed(letter: Any) -> Parsed:
    """The e-mail as a mail program reads it."""
    return message_from_bytes(letter.message().as_bytes(), _class=Parsed, policy=policy.default)


def part(letter: Any, kind: str) -> str:
    body = parsed(letter).get_body((kind,))
    assert body is not None
    return str(body.get_content())


def test_a4_every_step_that_concerns_the_client_is_one_email_in_their_language(
    world: World, time: Time
) -> None:
    carla = person(world, "Carla", REQUESTER)
    gerd = person(world, "Gerd", REQUESTER, language="de")
    vera = person(world, "Vera", VIEWER)
    alice = by(world.alice)
    first, second, third = (ask_for(world, each) for each in (carla, gerd, gerd))

    done(requests.ask([first.pk], by=alice, at=NOW, details=AskDetails("Which colour?")))
    done(requests.answer([first.pk], by=alice, at=NOW, details=AnswerDetails("Blue")))
    done(requests.triage([first.pk, second.pk], by=alice, at=NOW))
    done(requests.accept([first.pk, second.pk], by=alice, at=NOW))
    done(requests.reject([third.pk], by=alice, at=NOW, reason="Not our trade."))

    assert sent_to(carla) == ["receipt", "question", "acceptance"]
    assert sorted(sent_to(gerd)) == ["acceptance", "receipt", "receipt", "refusal"]
    assert sent_to(vera) == []
    while deliver(time.on(minutes=6)):
        pass
    letters = Counter(letter.to[0] for letter in mail.outbox)
    assert letters == {"carla@client.test": 2, "gerd@client.test": 4}  # the question was answered
    german = [part(each, "plain") for each in mail.outbox if each.to == ["gerd@client.test"]]
    assert all("Guten Tag Gerd," in text for text in german)
    assert any("Ihre Anfrage ist eingegangen" in text for text in german)
    assert any("Wir können das nicht übernehmen" in text for text in german)
    assert not any("Not our trade." in each.message().as_string() for each in mail.outbox)


def approved(world: World, contact: Contact | None, **fields: Any) -> Deliverable:
    """The only deliverable of a request of this contact, through all approvals."""
    request = make_request(world.acme, Request.State.ACCEPTED, contact=contact)
    [page] = make_deliverables(world, request=request, **fields)
    page = with_the_client(world, page)
    asked = question(page)
    details = RecordDetails("approve", approver().pk, "", evidence_of(world))
    done(approvals.record_answer([asked.pk], by=by(world.bob), at=NOW, details=details))
    Outbound.objects.all().delete()  # what led here
    return fresh(page)


def evidence_of(world: World) -> int:
    return keep(
        ContentFile(b"They agreed."), name="mail.txt", client=world.acme, by=by(world.bob), at=NOW
    ).pk


def test_a4_what_went_live_and_was_delivered_is_told_with_its_address(
    world: World, time: Time
) -> None:
    carla = person(world, "Carla", APPROVER)
    page = approved(world, carla)
    Deliverable.objects.filter(pk=page.pk).update(state=Deliverable.State.PUBLISHING)

    go_live = GoLiveDetails("https://acme.example/spring")
    done(carry(deliverables.go_live, [page.pk], by=Actor.system(), at=NOW, details=go_live))

    assert sent_to(carla) == ["live", "delivered"]
    deliver(time.on(minutes=1))
    live, delivered = mail.outbox
    assert "https://acme.example/spring" in part(live, "plain")
    assert 'href="https://acme.example/spring"' in part(live, "html")
    assert f"https://ops.agency.example/portal/work/{page.item.ref}/" in part(live, "html")
    assert "https://acme.example/spring" in part(delivered, "plain")


def test_a4_files_that_were_handed_over_are_told(world: World) -> None:
    carla = person(world, "Carla", APPROVER)
    page = approved(world, carla)

    done(deliverables.hand_out([page.pk], by=by(world.alice), at=NOW))

    assert sent_to(carla) == ["files", "delivered"]


def test_a4_the_emails_about_a_request_are_one_thread_for_each_reader(
    world: World, time: Time
) -> None:
    carla = person(world, "Carla", REQUESTER)
    request, other = ask_for(world, carla), ask_for(world, carla, "Another")
    alice = by(world.alice)
    done(requests.triage([request.pk], by=alice, at=NOW))
    done(requests.accept([request.pk], by=alice, at=NOW))

    deliver(time.on(minutes=1))

    receipt, elsewhere, acceptance = (
        next(each for each in mail.outbox if text in each.body and ref in each.subject)
        for text, ref in (
            ("We received", request.item.ref),
            ("We received", other.item.ref),
            ("We accepted", request.item.ref),
        )
    )
    assert acceptance.subject == f"Re: {receipt.subject}"
    first = receipt.extra_headers["Message-ID"]
    assert acceptance.extra_headers["In-Reply-To"] == first
    assert acceptance.extra_headers["References"].split()[-1] == first
    shared = acceptance.extra_headers["References"].split()[0]
    assert receipt.extra_headers["References"] == shared
    assert elsewhere.extra_headers["References"] != shared


def test_a4_a_lost_answer_sends_it_again_under_the_same_message_id(
    world: World, time: Time, settings: Settings
) -> None:
    settings.EMAIL_BACKEND = f"{__name__}.Losing"
    Losing.lost = False
    ask_for(world, person(world, "Carla", REQUESTER))

    deliver(time)
    deliver(time.on(minutes=2))

    row = Outbound.objects.get()
    assert row.state == "delivered"
    ids = [letter.extra_headers["Message-ID"] for letter in mail.outbox]
    assert ids == [message_id(row.key)] * 2


def test_a4_without_access_a_contact_reads_where_to_answer_and_answers_reach_the_owner(
    world: World, time: Time
) -> None:
    ask_for(world, outsider(world, "Tom"))

    deliver(time)

    [letter] = mail.outbox
    assert letter.to == ["tom@client.test"]
    assert letter.reply_to == [world.alice.email]
    assert "Your reply goes to Alice." in part(letter, "plain")
    assert "/portal/" not in letter.message().as_string()
    assert letter.from_email.startswith("Test agency <")


def test_a4_only_people_of_the_client_whom_it_concerns_are_told(world: World) -> None:
    person(world, "Vera", VIEWER)
    rita = person(world, "Rita", REQUESTER)
    gone = person(world, "Gone", REQUESTER)
    Membership.objects.filter(contact=gone).delete()
    outsider(world, "Tom")
    alice = by(world.alice)

    nobodys, left = ask_for(world, None), ask_for(world, gone)
    done(requests.reject([nobodys.pk, left.pk], by=alice, at=NOW, reason="No."))

    assert set(Outbound.objects.values_list("content__contact", "verb")) == {
        (rita.pk, "mail.refusal")
    }


def test_a4_a_deal_in_the_crm_is_no_request_that_somebody_waits_for(world: World) -> None:
    contact = outsider(world, "Tom")

    made = make_request(world.acme, contact=contact, channel=Request.Channel.CRM)
    done(requests.reject([made.pk], by=by(world.alice), at=NOW, reason="No."))

    assert sent_to(contact) == ["refusal"]


def test_a2_an_email_that_the_server_accepted_is_a_first_response_but_a_receipt_is_none(
    world: World, time: Time
) -> None:
    ensure_defaults(at=NOW)
    # Urgent, so that it does not wait for working time at whatever instant this runs.
    request = ask_for(world, outsider(world, "Tom"), priority=WorkItem.Priority.URGENT)
    deliver(time)
    clock = Clock.objects.get(item=request.item_id, purpose="first_response")
    received = clock.met_at
    done(requests.triage([request.pk], by=by(world.alice), at=NOW))
    done(requests.accept([request.pk], by=by(world.alice), at=NOW))
    clock.refresh_from_db()
    unsent = clock.met_at

    deliver(time.on(minutes=1))

    clock.refresh_from_db()
    assert (received, unsent) == (None, None)
    assert clock.met_at == time.now


def test_a4_work_that_ends_with_its_run_is_told_as_well(world: World) -> None:
    carla = person(world, "Carla", REQUESTER)
    flow = Flow.objects.create(slug="f", name="F", owner=world.olga, backup=world.bob)
    version = FlowVersion.objects.create(flow=flow, number=1, action="delivery.open_request")
    item = WorkItem(title="Run", client=world.acme, owner_id=world.alice.pk, backup_id=world.bob.pk)
    [run] = create(
        [Run(item=item, flow=flow, version=version, source="portal", state=Run.State.ROUTED)],
        by=Actor.system(),
        at=NOW,
    )
    request = make_request(world.acme, contact=carla, parent=run.item)
    WorkItem.objects.filter(pk=request.item_id).update(run=run)

    done(runs.cancel([run.pk], by=by(world.alice), at=NOW, reason="Not ours."))

    waiting = Outbound.objects.filter(state=Outbound.State.PENDING)
    to_carla = waiting.filter(content__contact=carla.pk)
    assert set(to_carla.values_list("verb", flat=True)) == {"mail.receipt", "mail.cancelled"}


def test_a4_what_is_no_longer_true_or_wanted_is_not_sent(world: World, time: Time) -> None:
    carla, tom = person(world, "Carla", REQUESTER), outsider(world, "Tom")
    request, other = ask_for(world, carla), ask_for(world, tom)
    alice = by(world.alice)
    done(requests.triage([request.pk], by=alice, at=NOW))
    done(requests.accept([request.pk], by=alice, at=NOW))
    done(requests.cancel([request.pk], by=alice, at=NOW, reason="They changed their mind."))
    erase(tom.pk, by=by(world.olga), at=NOW, reason="Asked by letter.")

    deliver(time)

    assert {letter.to[0] for letter in mail.outbox} == {"carla@client.test"}
    headings = [letter.body.splitlines()[2] for letter in mail.outbox]
    assert headings == ["We received your request", "We have stopped this work"]
    assert other.contact_id == tom.pk


def test_a4_times_are_in_the_readers_zone_and_name_it(world: World, time: Time) -> None:
    Client.objects.filter(pk=world.acme.pk).update(timezone="Asia/Tokyo")
    world.acme.refresh_from_db()
    ask_for(world, outsider(world, "Tom", language="de"))

    deliver(time)

    local = NOW.astimezone(ZoneInfo("Asia/Tokyo"))
    assert f"{local:%H:%M} Uhr JST" in part(mail.outbox[0], "plain")


def test_a4_the_html_is_complete_escaped_and_loads_nothing(world: World, time: Time) -> None:
    tom = outsider(world, "Tom", language="de")
    ask_for(world, tom, "Offer <img src=x onerror=alert(1)>\nBcc: x")

    deliver(time)

    [letter] = mail.outbox
    html = part(letter, "html")
    assert "&lt;img src=x" in html
    assert "<img" not in html
    assert '<html lang="de">' in html
    assert "http" not in html.replace("https://ops.agency.example", "")
    assert "prefers-color-scheme: dark" in html
    assert parsed(letter)["Bcc"] is None
    assert [each.get_content_type() for each in parsed(letter).iter_parts()] == [
        "text/plain",
        "text/html",
    ]


@pytest.mark.parametrize("kind", list(ClientEmail))
def test_a4_every_kind_has_a_text_a_label_and_a_german_translation(kind: ClientEmail) -> None:
    assert kind in TEXTS
    assert "E-mail to the client" in words_of(kind)


def test_a4_the_german_texts_are_complete_and_the_compiled_file_is_current() -> None:
    folder = Path(project.LOCALE_PATHS[0]) / "de/LC_MESSAGES"
    written = read_po(folder / "django.po")
    with (folder / "django.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)

    missing = sorted(text for text in texts_of_client_emails() if not written.get(text))
    different = [key for key in written if key and compiled.gettext(key) != written[key]]

    assert not missing
    assert not different, "Run `make messages`."


def texts_of_client_emails() -> set[str]:
    """Every text that `gettext` is asked for in the modules that write to clients."""
    found = {str(Notification.Words(each).label) for each in ("decide", "reminder", "impact")}
    for module in (client_emails, content, layout, report_emails):
        tree = ast.parse(Path(str(module.__file__)).read_text())
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "_":
                [text] = node.args
                found.add(ast.literal_eval(text))
    return found - FOR_STAFF


def read_po(path: Path) -> dict[str, str]:
    """The singular texts of a catalogue with their translations."""
    found: dict[str, str] = {}
    parts: dict[str, str] = {}
    for line in [*path.read_text().splitlines(), ""]:
        name, _, rest = line.partition(" ")
        if not line:
            if "msgid" in parts and "msgstr" in parts:
                found[parts["msgid"]] = parts["msgstr"]
            parts, key = {}, ""
        elif line.startswith('"'):
            parts[key] += ast.literal_eval(line)
        elif not line.startswith("#"):
            key, parts[name] = name, ast.literal_eval(rest)
    return found

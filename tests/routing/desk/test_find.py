"""The search of the desk: over everything a person sees, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from delivery.models import Deliverable, Request
from routing.kernel.roles import Role
from routing.kernel.sql import run
from routing.models import Client, ClientDomain, Membership, WorkItem
from routing.work.search import SHOWN
from routing.work.search_terms import matching
from tests.delivery.making import make_deliverables
from tests.delivery.requests.test_request_page import others_secret
from tests.desk import signed_in, url, words
from tests.world import World, make_client, make_contact, make_request, make_user

pytestmark = pytest.mark.usefixtures("without_second_factor")

FIND = reverse("search")


def found(page: Any) -> list[str]:
    return [item.ref for group in page.context["groups"] for item, _ in group["rows"]]


@pytest.mark.parametrize("typed", ["ACM-1", "acm-1", " ACM-1 "])
def test_a_reference_leads_straight_to_its_work(world: World, typed: str) -> None:
    made = make_request(world.acme)

    page = signed_in(world.alice).get(FIND, {"q": typed}, follow=True)

    assert page.redirect_chain[-1][0] == url(Request, "change", made.pk)


@pytest.mark.parametrize(
    "typed", ["M-1", "garden", "GARD catalogue", "acm ltd", "acm", "tulips", "ga"]
)
def test_it_finds_by_a_part_of_the_reference_the_title_the_client_and_what_was_written(
    world: World, typed: str
) -> None:
    made = make_request(world.acme, title="Garden catalogue", details="With all the tulips")
    make_request(make_client("OTH", world.team, world.alice, world.bob, name="Other"), title="Else")

    assert found(signed_in(world.alice).get(FIND, {"q": typed})) == [made.item.ref]


@pytest.mark.parametrize(
    "typed",
    [
        "A day in the workshop",
        "„A day in the workshop“",
        "day, workshop",
        "(workshop)",
        "workshop – in",
        "O'Brien's day",
        "«O’Brien’s» workshop!",
    ],
)
def test_a_pasted_title_is_found_with_its_short_words_and_quotes_g1(
    world: World, typed: str
) -> None:
    """G1: “Cortado at home” found nothing, because no title began with “at”."""
    made = make_request(world.acme, title="A day in the workshop at O’Brien’s")
    make_request(world.acme, title="A night in the harbour")

    assert found(signed_in(world.alice).get(FIND, {"q": typed})) == [made.item.ref]


@pytest.mark.parametrize("typed", ["Vance & Co", "“Vance & Co”", "Mia <mia@vance.test>"])
def test_pasted_names_and_addresses_are_found_without_what_is_around_them_g1(
    world: World, typed: str
) -> None:
    client = make_client("VAN", world.team, world.alice, world.bob, name="The Vance & Co")
    person = make_contact("Mia", email="mia@vance.test")
    Membership.objects.create(contact=person, client=client)

    page = words(signed_in(world.alice).get(FIND, {"q": typed}))

    assert "The Vance & Co" in page.replace("&amp;", "&") or "mia@vance.test" in page


def test_every_word_must_be_found(world: World) -> None:
    make_request(world.acme, title="Garden catalogue")

    assert found(signed_in(world.alice).get(FIND, {"q": "garden poster"})) == []


@pytest.mark.parametrize("typed", ["", "Hidden garden", "SEC", "Secret"])
def test_what_may_not_be_seen_is_not_found_by_any_word_of_it(world: World, typed: str) -> None:
    hidden = others_secret(world)
    typed = typed or hidden.item.ref

    page = signed_in(world.alice).get(FIND, {"q": typed})

    assert page.status_code == 200
    assert found(page) == []
    assert [
        client for client, _ in page.context["clients"] if client.pk == hidden.item.client_id
    ] == []
    assert hidden.item.ref in found(signed_in(world.olga).get(FIND, {"q": "Secret"}))


def test_hidden_work_changes_no_word_of_the_page(world: World) -> None:
    browser = signed_in(world.alice)
    for _ in range(SHOWN):
        make_request(world.acme, title="Same words")
    before = words(browser.get(FIND, {"q": "same words"}))
    others_secret(world)
    make_request(Client.objects.exclude(pk=world.acme.pk).get(restricted=True), title="Same words")

    assert words(browser.get(FIND, {"q": "same words"})) == before


def test_clients_are_found_beside_their_work_and_more_leads_to_the_list(world: World) -> None:
    for _ in range(SHOWN + 1):
        make_request(world.acme, title="Poster")
    browser = signed_in(world.alice)

    page = browser.get(FIND, {"q": "ACM"})

    [group] = page.context["groups"]
    assert [client for client, _ in page.context["clients"]] == [world.acme]
    assert len(group["rows"]) == SHOWN
    assert browser.get(group["more"]).context["cl"].result_count == SHOWN + 1


@pytest.mark.parametrize(
    "typed",
    [
        "%",
        "_",
        "'\"; --",
        "\\",
        "x" * 10_000,
        "ä" * 300,
        "<script>",
        "1 2 3 4 5 6 7 8 9 10 11",
        "😀",
    ],
)
def test_nothing_that_can_be_typed_breaks_it_or_means_everything(world: World, typed: str) -> None:
    make_request(world.acme, title="Plain")
    browser = signed_in(world.alice)

    page = browser.get(FIND, {"q": typed})
    listed = browser.get(url(Request, "changelist"), {"q": typed})

    assert (page.status_code, found(page)) == (200, [])
    assert "<script>" not in page.content.decode()
    assert listed.status_code == 200
    assert list(listed.context["cl"].result_list) == []


@pytest.mark.parametrize("page", [FIND, url(Request, "changelist")])
def test_what_no_text_can_hold_is_refused_with_words(world: World, page: str) -> None:
    answer = signed_in(world.alice).get(page, {"q": "a\0b"})

    assert answer.status_code == 400
    assert "We could not read the request." in words(answer)


def test_it_asks_the_same_questions_however_much_is_found(world: World) -> None:
    browser, counts = signed_in(world.alice), []
    for number in (1, 30):
        for _ in range(number):
            make_request(world.acme, title="Poster")
        with CaptureQueriesContext(connection) as queries:
            browser.get(FIND, {"q": "poster"})
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_who_may_see_no_work_finds_none(world: World) -> None:
    make_request(world.acme, title="Poster")
    nobody = make_user("Nobody")

    assert signed_in(nobody).get(FIND, {"q": "poster"}).status_code == 403


@pytest.mark.parametrize(
    ("title", "typed"),
    [
        ("Café in Zürich", "cafe"),
        ("Café in Zürich", "ZURICH"),
        ("Café in Zürich", "Zu\u0308rich"),
        ("Cafe\u0301 in Zu\u0308rich", "café zürich"),
        ("Neue Straße", "strasse"),
        ("Neue Strasse", "straße"),
        ("Łódź Ærø", "lodz aero"),
        ("Season 2026–2027", "2026-2027"),
        ("日本語を学ぶ", "日本語"),
    ],
)
def test_case_accents_and_the_form_of_unicode_do_not_matter_g1(
    world: World, title: str, typed: str
) -> None:
    made = make_request(world.acme, title=title)
    written = make_request(world.acme, title="Else", details=title)
    browser = signed_in(world.alice)

    assert set(found(browser.get(FIND, {"q": typed}))) == {made.item.ref, written.item.ref}
    listed = browser.get(url(Request, "changelist"), {"q": typed})
    assert [row.pk for row in listed.context["cl"].result_list] == [made.pk]


@pytest.mark.parametrize(
    "typed",
    [
        "acm 52", "#ACM-52", "ACM–52", "ACM—52", "ACM‑52", "ACM−52", "acm52", "ACM-0052",
        "(ACM-52)",
        "ＡＣＭ-52",
        "https://work.agency.test/portal/requests/ACM-52/",
        "/portal/requests/ACM-52/answer/?from=mail",
    ],
)  # fmt: skip
def test_a_reference_is_read_however_it_is_written_g1(world: World, typed: str) -> None:
    made = make_request(world.acme)
    WorkItem.objects.filter(pk=made.item_id).update(ref="ACM-52")

    page = signed_in(world.alice).get(FIND, {"q": typed}, follow=True)

    assert page.redirect_chain[-1][0] == url(Request, "change", made.pk)


def test_an_address_of_the_desk_leads_to_its_work_and_hidden_work_stays_hidden_g1(
    world: World,
) -> None:
    made, hidden = make_request(world.acme), others_secret(world)
    browser = signed_in(world.alice)

    for path in (url(Request, "change", made.pk), url(WorkItem, "change", made.item_id)):
        page = browser.get(FIND, {"q": f"https://desk.agency.test{path}?x=1"}, follow=True)
        assert page.redirect_chain[-1][0] == url(Request, "change", made.pk)
    for path in (url(Request, "change", hidden.pk), url(Request, "change", 10**17), "/no/page/"):
        page = browser.get(FIND, {"q": f"https://desk.agency.test{path}"})
        assert (page.status_code, found(page)) == (200, [])


def test_a_number_finds_all_work_with_it_g1(world: World) -> None:
    other = make_client("OTH", world.team, world.alice, world.bob, name="Other")
    for made, ref in ((make_request(world.acme), "ACM-52"), (make_request(other), "OTH-52")):
        WorkItem.objects.filter(pk=made.item_id).update(ref=ref)
    third = make_request(world.acme)
    WorkItem.objects.filter(pk=third.item_id).update(ref="ACM-152")
    browser = signed_in(world.alice)

    for typed in ("52", "#52", "052"):
        assert set(found(browser.get(FIND, {"q": typed}))) == {"ACM-52", "OTH-52"}
        listed = browser.get(url(Request, "changelist"), {"q": typed})
        assert len(listed.context["cl"].result_list) == 2


@pytest.mark.parametrize("typed", ["no. 52", "Nr. 52", "\u2116 52", "NO 52"])
def test_a_number_may_be_called_one_g1(world: World, typed: str) -> None:
    made = make_request(world.acme)
    WorkItem.objects.filter(pk=made.item_id).update(ref="ACM-52")

    assert found(signed_in(world.alice).get(FIND, {"q": typed})) == ["ACM-52"]


@pytest.mark.parametrize(
    "typed", ["Re: ACM-1 your banner", "AW: [acm-1]: Rückfrage", "tent-sale-banner", "tent_sale"]
)
def test_a_subject_with_a_reference_and_a_slug_are_found_g1(world: World, typed: str) -> None:
    made = make_request(world.acme, title="Tent sale banner")

    assert found(signed_in(world.alice).get(FIND, {"q": typed})) == [made.item.ref]


def test_a_reference_in_a_subject_does_not_show_hidden_work_g1(world: World) -> None:
    secret = others_secret(world)

    page = signed_in(world.alice).get(FIND, {"q": f"Re: {secret.item.ref} your banner"})

    assert found(page) == []


def test_a_search_without_results_says_so_g1(world: World) -> None:
    assert "No results" in words(signed_in(world.alice).get(FIND, {"q": "zzzqqq"}))


def test_people_and_clients_are_found_by_name_address_and_domain_g1(world: World) -> None:
    contact = make_contact("Zoë Müller", "zoe@acme.test")
    Membership.objects.create(contact=contact, client=world.acme)
    ClientDomain.objects.create(client=world.acme, domain="acme.test")
    browser = signed_in(world.alice)

    page = browser.get(FIND, {"q": "zoe muller"})
    assert [each for each, _ in page.context["contacts"]] == [contact]
    page = browser.get(FIND, {"q": "zoe@acme.test"})
    assert [each for each, _ in page.context["contacts"]] == [contact]
    assert [each for each, _ in page.context["clients"]] == [world.acme]
    page = browser.get(FIND, {"q": world.bob.email})
    [(person, path)] = page.context["staff"]
    assert person == world.bob
    assert browser.get(path).status_code == 200


def test_clients_come_first_and_open_work_before_ended_g1(world: World) -> None:
    ended = make_request(world.acme, Request.State.CANCELLED, title="Poster ACM")
    late = make_request(world.acme, title="Poster ACM")
    page = signed_in(world.alice).get(FIND, {"q": "acm"})

    assert found(page) == [late.item.ref, ended.item.ref]
    text = page.content.decode()
    assert text.index('id="found-clients"') < text.index('id="found-request"')


def test_an_index_answers_the_folded_search_g1(world: World) -> None:
    make_request(world.acme, title="Café")
    rows = WorkItem.objects.filter(matching("cafe", ("ref", "title"))).order_by()
    run("SET LOCAL enable_seqscan = off")

    assert "workitem_folded_idx" in rows.explain()


@pytest.mark.parametrize(
    "typed",
    [
        "https://acme.test/tent-sale/",
        "http://acme.test/tent-sale",
        "https://ACME.test/tent-sale?utm_source=mail",
        " https://acme.test/tent-sale#top ",
    ],
)
def test_the_address_of_a_live_page_finds_its_work_g1(world: World, typed: str) -> None:
    [page, *_others] = make_deliverables(world)
    Deliverable.objects.filter(pk=page.pk).update(live_url="https://acme.test/tent-sale/")

    assert found(signed_in(world.alice).get(FIND, {"q": typed})) == [page.item.ref]


def test_the_address_of_a_hidden_page_finds_nothing_g1(world: World) -> None:
    [page, *_others] = make_deliverables(world)
    Deliverable.objects.filter(pk=page.pk).update(live_url="https://acme.test/tent-sale/")
    stranger = make_user("Yan", Role.CREATIVE)

    assert found(signed_in(stranger).get(FIND, {"q": "https://acme.test/tent-sale/"})) == []


@pytest.mark.parametrize(
    "typed", ["030 12345678", "+49 30 12345678", "+49 (0)30 / 123 456-78", "03012345678"]
)
@pytest.mark.parametrize("stored", ["+49 30 1234-5678", "030/12345678"])
def test_a_telephone_number_finds_its_contact_g1(world: World, stored: str, typed: str) -> None:
    contact = make_contact("Zoë Müller", "zoe@acme.test", phone=stored)
    Membership.objects.create(contact=contact, client=world.acme)
    make_contact("Else", "else@acme.test", phone="030 99999999")

    shown = signed_in(world.alice).get(FIND, {"q": typed}).context["contacts"]

    assert [each for each, _page in shown] == [contact]


def test_spellings_of_numbers_and_signs_between_words_are_no_hindrance_g1(world: World) -> None:
    """G1, by cases that were not listed: a sign alone, a colon, the sign of a degree."""
    made = make_request(world.acme, title="10 % off, R & D")
    number = made.item.ref.partition("-")[2]
    browser = signed_in(world.alice)

    for typed in ("10 % off", "10 %", "R & D off", "off – R"):
        assert found(browser.get(FIND, {"q": typed})) == [made.item.ref], typed
    for typed in (f"n° {number}", f"N°{number}", f"ACM:{number}", f"acm : {number}"):
        page = browser.get(FIND, {"q": typed}, follow=True)
        leads = bool(page.redirect_chain)
        assert leads or found(page) == [made.item.ref], typed

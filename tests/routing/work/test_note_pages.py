"""Notes at the desk: who may write them, how they read, and what comes back when one is refused."""

from __future__ import annotations

from typing import Any

import pytest

from delivery.models import Request
from routing.models import Event, File, Note, NoteFile, User
from routing.work.operations import notes
from tests.delivery.requests.test_request_page import others_secret
from tests.desk import signed_in, url, words
from tests.files import EXE, make_file, png, upload
from tests.world import NOW, World, by, make_request

pytestmark = [pytest.mark.usefixtures("without_second_factor"), pytest.mark.requirement("A9")]


def send(
    user: User,
    row: Request,
    body: str = "Call them",
    audience: str = "internal",
    uploads: Any = (),
    **more: str,
):
    sent = {"note-body": body, "note-audience": audience, "note-uploads": uploads, **more}
    return signed_in(user).post(url(Request, "note", row.pk), sent)


@pytest.mark.parametrize("who", ["alice", "cora", "quin", "olga", "ivan"])
def test_everyone_who_sees_the_work_may_write_a_note(world: World, who: str) -> None:
    row = make_request(world.acme)

    answer = send(getattr(world, who), row)

    note = Note.objects.get()
    assert answer.status_code == 302
    assert (note.item_id, note.author.full_name, note.audience, note.body) == (
        row.item_id,
        who.capitalize(),
        "internal",
        "Call them",
    )


def test_work_that_has_ended_can_still_be_noted(world: World) -> None:
    assert send(world.alice, make_request(world.acme, Request.State.REJECTED)).status_code == 302


def test_who_may_only_look_is_refused_and_is_shown_no_form(world: World) -> None:
    row = make_request(world.acme)

    answer = send(world.audrey, row)

    assert answer.status_code == 403
    assert not Note.objects.exists()
    assert "Add a note" not in words(signed_in(world.audrey).get(url(Request, "change", row.pk)))


def test_what_one_may_not_see_cannot_be_noted(world: World) -> None:
    assert send(world.alice, others_secret(world)).status_code == 404
    assert not Note.objects.exists()


def test_the_event_names_the_note_and_says_nothing_of_it(world: World) -> None:
    row = make_request(world.acme)

    note = notes.add(
        row.item_id, body="Carla is away", audience="internal", by=by(world.alice), at=NOW
    )

    event = Event.objects.get(kind="routing.note.add")
    assert (event.item_id, event.object_id, event.actor_id) == (
        row.item_id,
        note.pk,
        world.alice.pk,
    )
    assert not any("Carla" in str(value) for value in vars(event).values())


def test_the_page_tells_internal_notes_from_shared_ones_in_words(world: World) -> None:
    row = make_request(world.acme)
    send(world.alice, row, "Only us", "internal")
    send(world.alice, row, "For you", "client")

    page = words(signed_in(world.alice).get(url(Request, "change", row.pk)))

    assert "lock Internal Alice" in page
    assert "visibility Visible to the client Alice" in page
    assert "Alice wrote a note for the client now" in page  # in the timeline too
    assert [note.body for note in Note.objects.for_client()] == ["For you"]


def test_markup_in_notes_and_names_is_text(world: World) -> None:
    row = make_request(world.acme)
    send(
        world.alice,
        row,
        "<script>alert(1)</script>",
        uploads=upload(png(), "<img src=x onerror=alert(1)>.png"),
    )

    page = signed_in(world.alice).get(url(Request, "change", row.pk)).content.decode()

    assert "<script>alert(1)" not in page
    assert "<img src=x" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_files_come_with_the_note_and_belong_to_the_client(world: World) -> None:
    row = make_request(world.acme)

    send(world.alice, row, uploads=[upload(png(8, 6), "a.png"), upload(png(9, 6), "b.png")])

    note = Note.objects.get()
    assert {(file.name, file.client) for file in note.files.all()} == {
        ("a.png", world.acme),
        ("b.png", world.acme),
    }


def test_a_refused_file_keeps_what_was_typed_and_writes_nothing(world: World) -> None:
    row = make_request(world.acme)

    answer = send(
        world.alice,
        row,
        "Do not lose me",
        "client",
        uploads=[upload(png(), "a.png"), upload(EXE, "b.png")],
    )

    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Do not lose me" in page
    assert "b.png: This file type is not accepted." in words(answer)
    assert answer.context["note_form"]["audience"].value() == "client"
    assert not Note.objects.exists()
    assert not File.objects.exists()


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        ({"body": " "}, "Enter text or add a file."),
        ({"body": "x" * 10_001}, "at most 10000 characters"),
        ({"body": "\0"}, "Enter text or add a file."),
        ({"audience": "everybody"}, "Select a valid choice."),
    ],
)
def test_what_cannot_be_a_note_is_refused_with_words(
    world: World, sent: dict[str, str], says: str
) -> None:
    answer = send(world.alice, make_request(world.acme), **sent)

    assert answer.status_code == 422
    assert says in words(answer)
    assert not Note.objects.exists()


def test_signs_that_nobody_can_see_are_not_kept(world: World) -> None:
    assert send(world.alice, make_request(world.acme), "a\0b\u202e").status_code == 302
    assert Note.objects.get().body == "ab"


def test_a_form_that_is_sent_twice_writes_one_note(world: World) -> None:
    row = make_request(world.acme)

    answers = [send(world.alice, row, once="the-same") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [302, 302]
    assert Note.objects.count() == 1


def test_reading_the_address_writes_nothing(world: World) -> None:
    row = make_request(world.acme)

    answer = signed_in(world.alice).get(
        url(Request, "note", row.pk), {"note-body": "Hello", "note-audience": "client"}
    )

    assert answer.status_code == 302
    assert not Note.objects.exists()


def test_notes_cost_the_page_the_same_however_many_there_are(
    world: World, django_assert_max_num_queries
) -> None:
    row = make_request(world.acme)
    for number in range(15):
        note = notes.add(
            row.item_id, body=f"Note {number}", audience="internal", by=by(world.alice), at=NOW
        )
        NoteFile.objects.create(note=note, file=make_file(world.alice, world.acme))
    browser = signed_in(world.alice)

    with django_assert_max_num_queries(25):
        browser.get(url(Request, "change", row.pk))


def test_files_of_a_note_that_was_refused_are_named_to_be_chosen_again(world: World) -> None:
    row = make_request(world.acme)
    both = [upload(png(), "plan.png"), upload(png(9, 9), "logo.png")]

    page = words(send(world.alice, row, audience="nobody", uploads=both))

    assert "Choose your files again: plan.png, logo.png. Browsers do not keep them." in page
    assert "Call them" in page
    assert "Choose your files again" not in words(
        signed_in(world.alice).get(url(Request, "change", row.pk))
    )


def test_evidence_of_a_new_request_that_was_refused_is_named_too(world: World) -> None:
    sent = {"client": world.acme.pk, "title": "", "evidence": upload(png(), "minutes.png")}

    page = words(signed_in(world.alice).post(url(Request, "add"), sent))

    assert "Choose your files again: minutes.png." in page

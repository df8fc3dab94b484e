"""Delivery of files: recipients and headers."""

from __future__ import annotations

from io import BytesIO
from uuid import UUID, uuid4

import pytest
from django.http import Http404
from django.test import Client as Browser
from django.utils import timezone
from PIL import Image
from pytest_django import Settings

from delivery.models import Answer, Approval, HandLaunch, Request, Version, VersionFile
from routing.kernel.roles import AM, CREATIVE
from routing.kernel.storage import private
from routing.models import File, Note, NoteFile
from routing.work.checks import every_file_belongs_to_work
from routing.work.files_view import address_of, respond
from routing.work.operations.previews import draw_previews
from routing.work.visibility import file_places
from tests import files
from tests.delivery.making import hand_in, make_deliverables, question
from tests.desk import signed_in
from tests.files import make_file, upload
from tests.world import NOW, World, make_client, make_contact, make_request, make_user

pytestmark = pytest.mark.usefixtures("own_folder", "without_second_factor")
KINDS = {
    "png": files.png(),
    "pdf": files.pdf(),
    "txt": b"Hello",
    "docx": files.office(),
    "mp4": files.mp4(),
}


def noted(world: World, row: Request) -> File:
    """A file on an internal note of this work."""
    made = make_file(world.alice, row.item.client)
    note = Note.objects.create(item=row.item, author=world.alice, body="See this", at=NOW)
    NoteFile.objects.create(note=note, file=made)
    return made


def body(answer) -> bytes:
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def status(answer) -> int:
    body(answer)  # reading it to its end closes the file
    return int(answer.status_code)


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_is_a_download_that_no_browser_runs(world: World, kind: str) -> None:
    made = make_file(world.alice, world.acme, content=KINDS[kind], name=f'Grüße; "1".{kind}')

    answer = signed_in(world.alice).get(address_of(made))

    assert body(answer) == KINDS[kind]
    assert (
        answer["Content-Disposition"]
        == f"attachment; filename*=UTF-8''Gr%C3%BC%C3%9Fe%3B%20%221%22.{kind}"
    )
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert (
        answer["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'; sandbox"
    )
    assert answer["Cache-Control"] == "private, no-cache, no-transform"
    assert answer["ETag"] == f'"{made.sha256}"'
    assert answer["Content-Length"] == str(len(KINDS[kind]))
    assert answer["Content-Type"].partition(";")[0] == made.type


def test_who_has_it_already_is_told_so(world: World) -> None:
    made = make_file(world.alice, world.acme)

    answer = signed_in(world.alice).get(
        address_of(made), headers={"if-none-match": f'"{made.sha256}"'}
    )

    assert (answer.status_code, answer.content) == (304, b"")
    assert answer["Content-Security-Policy"].endswith("sandbox")


@pytest.mark.parametrize(
    ("who", "usual", "restricted", "own"),
    [
        ("uploader", True, True, True),
        ("an account manager elsewhere", True, False, False),
        ("a creative of the team", True, True, False),
        ("a creative elsewhere", False, False, False),
        ("QA", True, True, True),
        ("operations", True, True, True),
        ("somebody without a role", False, False, False),
    ],
)
def test_h4_a_file_is_seen_by_those_who_see_its_work(
    world: World, who: str, usual: bool, restricted: bool, own: bool
) -> None:
    secret = make_client("SEC", world.team, world.alice, world.bob, restricted=True)
    made = [
        noted(world, make_request(world.acme)),
        noted(world, make_request(secret)),
        make_file(world.alice),
    ]
    person = {
        "uploader": world.alice,
        "an account manager elsewhere": make_user("Eve", AM),
        "a creative of the team": world.cora,
        "a creative elsewhere": make_user("Kim", CREATIVE),
        "QA": world.quin,
        "operations": world.olga,
        "somebody without a role": make_user("Nobody"),
    }[who]
    browser = signed_in(person)

    answers = [browser.get(address_of(file)) for file in made]

    assert [status(answer) for answer in answers] == [
        200 if may else 404 for may in (usual, restricted, own)
    ]


def test_h4_who_has_one_work_of_a_client_has_its_files_and_no_others(world: World) -> None:
    secret = make_client("SEC", world.team, world.alice, world.bob, restricted=True)
    kim, row = make_user("Kim", CREATIVE), make_request(secret)
    mine, other = noted(world, row), noted(world, make_request(secret))
    assert status(signed_in(kim).get(address_of(mine))) == 404

    type(row.item).objects.filter(pk=row.item_id).update(doer=kim)

    assert status(signed_in(kim).get(address_of(mine))) == 200
    assert status(signed_in(kim).get(address_of(other))) == 404


@pytest.mark.parametrize("place", ["a version", "the evidence of an answer"])
def test_h4_a_file_belongs_to_the_work_of_whatever_refers_to_it(world: World, place: str) -> None:
    secret = make_client("SEC", world.team, world.alice, world.bob, restricted=True)
    world.acme = secret
    [row] = make_deliverables(world)
    hand_in(world, row)
    made = make_file(world.alice, secret)
    version = row.versions.get()
    if place == "a version":
        add_to_version(version, made)
    else:
        answered(question(row), world, made)
    eve, team = make_user("Eve", AM), make_user("Tina", AM, team=world.team)

    assert status(signed_in(eve).get(address_of(made))) == 404
    assert status(signed_in(team).get(address_of(made))) == 200


def add_to_version(version: Version, file: File) -> None:
    VersionFile.objects.create(
        version=version, file=file, role="download", name=file.name, position=9
    )


def answered(asked: Approval, world: World, file: File) -> None:
    contact = make_contact(email="decider@client.test")
    Answer.objects.create(
        approval=asked,
        word="approve",
        digest=asked.digest,
        contact=contact,
        recorded_by=world.alice,
        evidence=file,
        at=NOW,
    )


def test_h4_a_new_place_for_files_must_name_their_work(monkeypatch: pytest.MonkeyPatch) -> None:
    assert every_file_belongs_to_work() == []
    places = {model for model, _column, _work in file_places()}
    assert places == {NoteFile, VersionFile, Answer, HandLaunch}

    monkeypatch.delattr(NoteFile, "work_of_file")
    file_places.cache_clear()
    try:
        [fault] = every_file_belongs_to_work()
    finally:
        file_places.cache_clear()

    assert fault.id == "throughline.E026"


def test_h4_addresses_cannot_be_counted_and_old_ones_answer_by_the_same_rule(
    world: World,
) -> None:
    made = noted(world, make_request(world.acme))
    again = noted(world, make_request(world.acme))
    old = f"/files/{made.pk}/logo.png"

    assert str(made.key) in address_of(made)
    assert UUID(str(made.key)).version == 4
    assert made.key != again.key
    assert status(signed_in(world.alice).get(old)) == 200
    assert signed_in(make_user("Kim", CREATIVE)).get(old).status_code == 404
    assert signed_in(world.alice).get(f"/files/{10**30}/logo.png").status_code == 404


def test_what_is_hidden_answers_like_what_does_not_exist(world: World) -> None:
    made = make_file(world.alice)
    browser = signed_in(make_user("Eve", AM))

    hidden = browser.get(address_of(made))
    missing = browser.get(f"/files/{uuid4()}/logo.png")
    counted = browser.get(f"/files/{made.pk}/logo.png")

    assert hidden.status_code == 404
    assert hidden.content == missing.content == counted.content


def test_strangers_sign_in_first_and_nothing_is_posted(world: World) -> None:
    made = make_file(world.alice, world.acme)

    assert Browser().get(address_of(made))["Location"].startswith("/accounts/login/")
    assert signed_in(world.alice).post(address_of(made)).status_code == 405


def test_a_preview_is_made_anew_small_upright_and_without_metadata(world: World) -> None:
    exif = Image.Exif()
    exif[0x010E], exif[0x0112] = "taken at home", 6  # a description; turned by 90 degrees
    made = make_file(
        world.alice, world.acme, content=files.jpeg(3000, 2000, exif=exif), name="a.jpg"
    )

    draw_previews(clock=timezone.now)

    answer = signed_in(world.alice).get(address_of(made) + "?preview")

    shown = Image.open(BytesIO(answer.content))
    assert (shown.format, shown.size) == ("WEBP", (800, 1200))
    assert (dict(shown.getexif()), shown.info.get("xmp")) == ({}, None)
    assert (answer["Content-Type"], answer["Content-Disposition"]) == ("image/webp", "inline")
    assert answer["Content-Security-Policy"].endswith("sandbox")


@pytest.mark.parametrize("kind", ["PNG", "GIF", "WEBP", "AVIF"])
def test_every_kind_of_image_has_a_preview(world: World, kind: str) -> None:
    made = make_file(world.alice, content=files.image(kind, 40, 30))
    draw_previews(clock=timezone.now)

    assert Image.open(BytesIO(respond(made, inline_preview=True).content)).size == (40, 30)  # type: ignore[attr-defined]


def test_what_is_no_image_or_cannot_be_decoded_has_none(world: World) -> None:
    browser = signed_in(world.alice)
    cut = make_file(world.alice, content=files.jpeg(900, 900)[:-2000], name="a.jpg")
    draw_previews(clock=timezone.now)

    assert (
        browser.get(
            address_of(make_file(world.alice, content=files.pdf())) + "?preview"
        ).status_code
        == 404
    )
    assert browser.get(address_of(cut) + "?preview").status_code == 404
    assert status(browser.get(address_of(cut))) == 200


def test_bytes_that_are_gone_are_not_there(world: World) -> None:
    erased, lost = make_file(world.alice), make_file(world.alice, content=files.pdf())
    File.objects.filter(pk=erased.pk).update(storage_key="", erased_at=erased.uploaded_at)
    private().delete(lost.storage_key)

    assert signed_in(world.alice).get(address_of(lost)).status_code == 404
    with pytest.raises(Http404):
        respond(File.objects.get(pk=erased.pk))


def test_what_arrives_is_cut_off_soon_after_the_limit(world: World, settings: Settings) -> None:
    settings.FILE_MAX_BYTES = 100_000
    row = make_request(world.acme)
    where = f"/admin/delivery/request/{row.pk}/note/"

    answer = signed_in(world.alice).post(
        where,
        {
            "note-body": "x",
            "note-audience": "internal",
            "note-uploads": upload(b"x" * 1_500_000, "a.txt"),
        },
    )

    sent = answer.context["note_form"].files["note-uploads"]
    assert "The file is larger than" in answer.content.decode()
    assert 100_000 < sent.size < 250_000


def test_a_request_that_no_upload_could_need_is_refused_unread(
    world: World, settings: Settings
) -> None:
    settings.FILE_MAX_BYTES = 1000
    row = make_request(world.acme)

    answer = signed_in(world.alice).post(
        f"/admin/delivery/request/{row.pk}/note/", {"note-uploads": upload(b"x" * 50_000, "a.txt")}
    )

    assert answer.status_code == 400

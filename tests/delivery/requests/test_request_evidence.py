"""A request that came by phone or mail, recorded at the desk with what shows it."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from pytest_django import Settings

from delivery.models import Request
from routing.models import File, Note
from tests.desk import signed_in, url, words
from tests.files import EXE, pdf
from tests.storages import use
from tests.world import World

pytestmark = pytest.mark.usefixtures("without_second_factor", "takes_requests")


@pytest.fixture(autouse=True)
def own_folder(settings: Settings, tmp_path: Path) -> None:
    use(settings, "routing.kernel.storage.PrivateStorage", tmp_path)


def sent(world: World, evidence: SimpleUploadedFile) -> dict[str, object]:
    return {
        "client": world.acme.pk,
        "title": "A film",
        "kind": "new",
        "channel": "phone",
        "priority": 3,
        "evidence": evidence,
    }


def test_the_evidence_stands_beside_the_request_for_the_agency_alone(world: World) -> None:
    signed_in(world.alice).post(
        url(Request, "add"), sent(world, SimpleUploadedFile("call.pdf", pdf()))
    )

    row, note = Request.objects.get(), Note.objects.get()
    assert (row.channel, note.item_id, note.audience, note.author_id) == (
        "phone",
        row.item_id,
        Note.Audience.INTERNAL,
        world.alice.pk,
    )
    assert [file.name for file in note.files.all()] == ["call.pdf"]


def test_a_refused_file_records_nothing_and_keeps_what_was_typed(world: World) -> None:
    answer = signed_in(world.alice).post(
        url(Request, "add"), sent(world, SimpleUploadedFile("call.exe", EXE))
    )

    assert "not accepted" in words(answer)
    assert 'value="A film"' in answer.content.decode()
    assert (Request.objects.count(), File.objects.count()) == (0, 0)

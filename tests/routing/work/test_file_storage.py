"""Storage of files: whole or not at all, beside crashes, full disks, sweeps and erasure."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone
from pytest_django import Settings

from routing.audit.operations.erasure import erase
from routing.kernel.storage import private
from routing.models import Event, File, Note
from routing.work.operations import files as operations
from routing.work.operations import notes
from routing.work.operations.files import NotKept
from tests import files
from tests.files import make_file
from tests.storages import PowerLost, grow_old, lying, use
from tests.threads import at_once
from tests.world import NOW, World, by, make_contact, make_request, make_user

pytestmark = pytest.mark.usefixtures("own_folder")


def leave_orphan(world: World) -> None:
    """Bytes whose row was rolled back."""
    with transaction.atomic():
        make_file(world.alice)
        transaction.set_rollback(True)


def test_the_same_bytes_twice_are_two_rows_and_one_file(world: World) -> None:
    one, two = make_file(world.alice, world.acme, name="a.png"), make_file(world.bob, name="b.png")

    assert (one.name, two.name) == ("a.png", "b.png")
    assert one.storage_key == two.storage_key == f"{one.sha256[:2]}/{one.sha256}"
    assert lying() == [one.storage_key]


def test_only_the_product_reads_what_lies_there(world: World) -> None:
    made = make_file(world.alice)

    path = Path(private().path(made.storage_key))
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_the_same_upload_from_many_at_once_is_whole_once(committed_world: World) -> None:
    alice, content = committed_world.alice, files.png(300, 300)

    made = at_once([lambda: make_file(alice, content=content)] * 6)

    assert len({file.pk for file in made}) == 6
    assert lying() == [made[0].storage_key]
    assert Path(private().path(made[0].storage_key)).read_bytes() == content


def test_a_full_disk_is_a_refusal_that_leaves_nothing_and_passes(
    world: World, settings: Settings, tmp_path: Path
) -> None:
    use(settings, "tests.storages.DiskFull", tmp_path)

    with pytest.raises(NotKept) as refusal:
        make_file(world.alice)

    assert (refusal.value.code, refusal.value.status) == ("no_room", 507)
    assert not File.objects.exists()
    assert lying() == []
    use(settings, "routing.kernel.storage.PrivateStorage", tmp_path)
    assert make_file(world.alice).is_kept


def test_a_crash_between_write_and_name_leaves_neither_row_nor_file(
    world: World, settings: Settings, tmp_path: Path
) -> None:
    use(settings, "tests.storages.LosesPower", tmp_path)

    with pytest.raises(PowerLost):
        make_file(world.alice)

    assert not File.objects.exists()
    assert [Path(path).name.startswith(".keeping-") for path in lying()] == [True]
    grow_old()
    use(settings, "routing.kernel.storage.PrivateStorage", tmp_path)
    assert operations.sweep_orphans(timezone.now()) == 1
    assert lying() == []


def test_a_rollback_leaves_bytes_that_the_sweep_takes_a_day_later(committed_world: World) -> None:
    leave_orphan(committed_world)
    grow_old(days=0)  # the disk dates files by the machine's clock

    assert len(lying()) == 1
    assert (
        operations.sweep_orphans(timezone.now()) == 0
    )  # young: somebody may be about to refer to it
    grow_old()
    assert [operations.sweep_orphans(timezone.now()) for _ in range(2)] == [1, 0]


def test_the_sweep_leaves_what_is_referred_to_however_old(world: World) -> None:
    make_file(world.alice)
    grow_old(days=400)

    assert operations.sweep_orphans(timezone.now()) == 0
    assert len(lying()) == 1


def test_a_sweep_beside_uploads_of_the_same_bytes_never_takes_them(committed_world: World) -> None:
    for _ in range(5):
        leave_orphan(committed_world)
        grow_old()

        at_once(
            [
                lambda: make_file(committed_world.alice).pk,
                lambda: operations.sweep_orphans(timezone.now()),
            ]
        )

        [made] = File.objects.kept()
        assert lying() == [made.storage_key]
        File.objects.update(storage_key="", erased_at=NOW)


def test_erasing_a_contact_clears_the_names_they_gave_and_the_notes_they_wrote(
    world: World,
) -> None:
    user = make_user("Carla")
    contact = make_contact(user=user)
    theirs = make_file(user, world.acme, name="Carla's face.png")
    about = make_file(world.alice, world.acme, name="for CARLA@acme.test.pdf", content=files.pdf())
    item = make_request(world.acme).item
    notes.write(item, body="I am Carla", audience="client", by=by(user), at=NOW)
    notes.write(
        item, body="Write to Carla@ACME.test soon", audience="internal", by=by(world.alice), at=NOW
    )

    erase(contact.pk, by=by(world.olga), at=NOW, reason="Asked")

    assert set(File.objects.values_list("pk", "name")) == {(theirs.pk, ""), (about.pk, "")}
    assert set(Note.objects.values_list("body", flat=True)) == {"", "Write to […] soon"}
    assert File.objects.kept().count() == 2
    assert str(File.objects.get(pk=theirs.pk)) == f"File {theirs.pk}"


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_their_bytes_go_when_asked_for_but_not_what_others_sent_too(committed_world: World) -> None:
    user = make_user("Carla")
    contact = make_contact(user=user)
    shared, own = make_file(user), make_file(user, content=files.pdf())
    others = make_file(committed_world.alice)

    call_command("erase", contact.pk, "--files", "--reason", "Asked", stdout=StringIO())

    assert lying() == [others.storage_key]
    assert own.storage_key != shared.storage_key == others.storage_key
    assert list(File.objects.kept()) == [others]
    assert Event.objects.filter(kind="routing.contact.erase").count() == 1

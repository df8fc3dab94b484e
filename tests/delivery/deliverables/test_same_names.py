"""F5: two files of the same name are told apart, and the text goes on showing the right one."""

from __future__ import annotations

from typing import Any

import pytest

from delivery.approvals.operations import deliverables
from delivery.deliverables.operations import versions
from delivery.deliverables.references import distinct_names, free_name
from delivery.models import Deliverable, Version
from routing.models import File
from tests.delivery.making import codes, done, fresh, make_deliverables
from tests.desk import signed_in, url, words
from tests.files import make_file, pdf, png, upload
from tests.world import NOW, World, by

pytestmark = pytest.mark.usefixtures("without_second_factor")


def begun(world: World) -> Deliverable:
    [row] = make_deliverables(world)
    done(deliverables.start([row.pk], by=by(world.cora), at=NOW))
    return fresh(row)


@pytest.mark.parametrize(
    ("files", "names"),
    [
        ([("a.png", "1"), ("a.png", "2")], ["a.png", "a-2.png"]),
        ([("a.png", "1"), ("A.PNG", "2"), ("a.png", "3")], ["a.png", "A-2.PNG", "a-3.png"]),
        ([("a.png", "1"), ("a.png", "1")], ["a.png", "a.png"]),
        ([("a", "1"), ("a", "2")], ["a", "a-2"]),
        ([("a-2.png", "1"), ("a.png", "2"), ("a.png", "3")], ["a-2.png", "a.png", "a-3.png"]),
    ],
)
def test_f5_the_first_file_keeps_its_name(files: list[tuple[str, str]], names: list[str]) -> None:
    assert distinct_names(files) == names
    assert free_name("b.tar.gz", ["B.TAR.GZ"]) == "b.tar-2.gz"


def test_f5_a_second_file_of_one_name_is_renamed_and_the_text_keeps_its_picture(
    world: World,
) -> None:
    row, browser = begun(world), signed_in(world.cora)
    where = url(Deliverable, "step", row.pk, "upload")
    sent: dict[str, Any] = {"basis": "0", "title": "T", "files-INITIAL_FORMS": "0"}
    body = '<p>Hi<img src="asset:image.png" alt="First"></p>'
    first, second = png(colour=(1, 2, 3)), png(colour=(4, 5, 6))

    browser.post(
        where,
        sent
        | {"body_html": body, "files-TOTAL_FORMS": "0", "uploads": [upload(first, "image.png")]},
    )
    kept = File.objects.get()
    lines = {
        "files-TOTAL_FORMS": "1",
        "files-0-file": kept.pk,
        "files-0-role": "content",
        "files-0-alt": "First",
    }
    again = browser.post(
        where, sent | lines | {"body_html": body, "uploads": [upload(second, "image.png")]}
    )

    other = File.objects.exclude(pk=kept.pk).get()
    assert other.name == "image-2.png"
    assert "“image.png” is now “image-2.png”, because another file has that name." in words(again)
    lines |= {
        "files-TOTAL_FORMS": "2",
        "files-1-file": other.pk,
        "files-1-role": "content",
        "files-1-alt": "Second",
    }
    both = body + '<p><img src="asset:image-2.png" alt="Second"></p>'
    browser.post(where, sent | lines | {"body_html": both})
    version = Version.objects.get()
    assert f'src="asset:{kept.sha256}" alt="First"' in version.body_html
    assert f'src="asset:{other.sha256}" alt="Second"' in version.body_html
    assert [part.name for part in version.files.all()] == ["image.png", "image-2.png"]
    form = browser.get(where).context["form"]
    assert form["body_html"].value() == both


def test_f5_no_other_way_in_confuses_two_files_of_one_name(world: World) -> None:
    row = begun(world)
    made = [
        make_file(world.cora, world.acme, content=png(colour=(n, n, n)), name="image.png")
        for n in (1, 2)
    ]
    body = '<img src="asset:image.png" alt="a"><img src="asset:image-2.png" alt="b">'
    parts = [versions.DraftFile(file.pk, "content", "x") for file in made]
    draft = versions.Draft({"title": "T", "body_html": body}, parts=parts)

    done(versions.upload([row.pk], by=by(world.cora), at=NOW, details=draft))

    places = [row.versions.get().body_html.index(file.sha256) for file in made]
    assert places == sorted(places)


def test_h17_a_page_shows_images_only(world: World) -> None:
    row = begun(world)
    file = make_file(world.cora, world.acme, content=pdf(), name="a.pdf")
    draft = versions.Draft({"title": "T"}, parts=[versions.DraftFile(file.pk, "hero")])

    [result] = versions.upload([row.pk], by=by(world.cora), at=NOW, details=draft)

    assert codes(result) == ["version"]
    assert "“a.pdf” is not an image" in str(result.refusals[0].evidence)

"""F4: the slug of a version is readable, or refused at its field before anything is stored."""

from __future__ import annotations

from typing import Any

import pytest

from delivery.approvals.operations import deliverables
from delivery.deliverables.operations import versions
from delivery.models import Deliverable, Version
from tests.delivery.making import codes, done, fresh, make_deliverables
from tests.desk import signed_in, url
from tests.world import NOW, World, by

pytestmark = pytest.mark.usefixtures("without_second_factor")


def begun(world: World, kind: str = "page") -> Deliverable:
    [row] = make_deliverables(world, planned=[{"key": "a", "title": "Planned", "format": kind}])
    done(deliverables.start([row.pk], by=by(world.cora), at=NOW))
    return fresh(row)


def post(world: World, row: Deliverable, **texts: str) -> Any:
    sent = {"basis": "0", "body_html": "<p>Hi</p>", "slug": "", **texts}
    sent |= {"files-TOTAL_FORMS": "0", "files-INITIAL_FORMS": "0"}
    return signed_in(world.cora).post(url(Deliverable, "step", row.pk, "upload"), sent)


@pytest.mark.parametrize(
    ("texts", "slug"),
    [
        ({"title": "ΔΟΚΙΜΗ 1"}, "dokimi-1"),
        ({"title": "日本語を学ぶ", "slug": "nihongo"}, "nihongo"),
        ({"title": "Über uns – Größe", "slug": " "}, "uber-uns-groesse"),
    ],
)
def test_f4_a_slug_is_derived_or_taken_as_typed(
    world: World, texts: dict[str, str], slug: str
) -> None:
    post(world, begun(world), **texts)

    assert Version.objects.get().slug == slug


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        ({"title": "日本語を学ぶ"}, "No slug can be derived from this title."),
        ({"title": "\U0001f600"}, "No slug can be derived from this title."),
        ({"title": "T", "slug": "/a/b"}, "without slashes or spaces. For example: a-b"),
        ({"title": "T", "slug": "Über uns"}, "For example: uber-uns"),
        ({"title": "T", "slug": "//"}, "Use lower-case letters"),
    ],
)
def test_f4_what_can_be_no_address_is_an_error_at_the_slug(
    world: World, texts: dict[str, str], words: str
) -> None:
    answer = post(world, begun(world), **texts)

    assert words in " ".join(answer.context["form"].errors["slug"])
    assert not Version.objects.exists()


def test_f4_no_other_way_in_takes_what_the_form_refuses(world: World) -> None:
    row = begun(world)
    for texts in ({"title": "日本語"}, {"title": "T", "slug": "/a/b"}):
        draft = versions.Draft({**texts, "body_html": "<p>a</p>"})

        [result] = versions.upload([row.pk], by=by(world.cora), at=NOW, details=draft)

        assert codes(result) == ["version"]
        assert "digits and single hyphens" in str(result.refusals[0].evidence)
    assert not Version.objects.exists()


def test_f4_files_without_an_address_need_no_slug(world: World) -> None:
    post(world, begun(world, "file"), title="日本語を学ぶ")

    assert Version.objects.get().slug == ""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest

from delivery.deliverables.manifest import Manifest, canonical, digest
from tests.delivery.checks.builders import PLAN, picture

VERSION = Manifest(
    title="Café",
    slug="cafe",
    excerpt="One\nTwo",
    body_html="<p>Text</p>",
    seo_title="Café in town",
    seo_description="Where it is",
    terms={"categories": ("News",), "tags": ("coffee", "town")},
    files=(picture("hero"), picture(sha256=PLAN, name="plan.png")),
)
_FIELDS: dict[str, Any] = {field.name: getattr(VERSION, field.name) for field in fields(VERSION)}


@pytest.mark.parametrize(
    "same",
    [
        replace(VERSION, title="Cafe\u0301"),
        replace(VERSION, excerpt="One\r\nTwo"),
        replace(
            VERSION, terms={"tags": ("town", "coffee"), "categories": ("News",), "formats": ()}
        ),
        replace(
            VERSION,
            files=tuple(replace(file, size=7, width=None, height=None) for file in VERSION.files),
        ),
    ],
    ids=["composed or not", "line ends", "order of terms", "measurements of a file"],
)
def test_what_nobody_can_see_makes_no_other_version(same: Manifest) -> None:
    assert digest(same) == digest(VERSION)


@pytest.mark.parametrize(
    "other",
    [
        *(
            Manifest(**{**_FIELDS, name: "Other"})
            for name in ("title", "slug", "excerpt", "body_html", "seo_title", "seo_description")
        ),
        replace(VERSION, terms={"categories": ("News",)}),
        replace(VERSION, terms={"categories": ("News", "coffee"), "tags": ("town",)}),
        replace(VERSION, files=VERSION.files[::-1]),
        replace(VERSION, files=(replace(VERSION.files[0], alt="Other"), VERSION.files[1])),
        replace(VERSION, files=(replace(VERSION.files[0], sha256="c" * 64), VERSION.files[1])),
        replace(VERSION, title=VERSION.seo_title, seo_title=VERSION.title),
    ],
)
def test_every_change_of_substance_is_another_version(other: Manifest) -> None:
    assert digest(other) != digest(VERSION)


def test_the_canonical_text_stays_what_approvals_were_bound_to() -> None:
    assert canonical(Manifest(title="é", files=(picture(),))) == (
        '{"body_html":"","excerpt":"","files":[{"alt":"A bridge at dawn","name":"bridge.jpg","role":"content","sha256":"'  # noqa: E501
        + "a" * 64
        + '","type":"image/jpeg"}],"format":1,"seo_description":"","seo_title":"","slug":"","terms":{},"title":"é"}'  # noqa: E501
    )


def test_a_text_that_is_no_text_has_a_digest_all_the_same() -> None:
    assert len(digest(Manifest(title="\ud800\x00"))) == 64

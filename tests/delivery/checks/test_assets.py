from __future__ import annotations

import pytest

from delivery.deliverables.manifest import Manifest
from tests.delivery.checks.builders import HERO, PLAN, failures, picture

pytestmark = pytest.mark.requirement("Q3")


def test_missing_files_are_told_by_role_and_number() -> None:
    manifest = Manifest(files=(picture("hero"), picture("gallery")))

    found = failures("required_assets", manifest, roles={"hero": 1, "gallery": 3, "pdf": 1})

    assert [str(finding.message) for finding in found] == [
        "Role “gallery” requires 3; 1 found.",
        "Role “pdf” requires 1; 0 found.",
    ]


def test_without_roles_any_file_will_do() -> None:
    assert failures("required_assets", Manifest())
    assert not failures("required_assets", Manifest(files=(picture(),)))


def test_the_type_is_the_one_found_in_the_bytes() -> None:
    [finding] = failures(
        "file_types", Manifest(files=(picture(type="text/html"), picture(sha256=PLAN)))
    )

    assert (str(finding.message), finding.evidence) == (
        "text/html is not an allowed type.",
        "bridge.jpg",
    )


def test_a_file_of_exactly_the_limit_passes_and_one_byte_more_does_not() -> None:
    assert not failures("max_size", Manifest(files=(picture(size=20_000_000),)))
    assert failures("max_size", Manifest(files=(picture(size=20_000_001),)))
    assert not failures(
        "max_size", Manifest(files=(picture("raw", size=20_000_001),)), roles=["content"]
    )


@pytest.mark.parametrize(
    ("params", "fails"),
    [
        (
            {
                "min_width": 1600,
                "max_height": 900,
                "width": 1600,
                "ratio_width": 16,
                "ratio_height": 9,
            },
            0,
        ),
        ({"min_width": 1601}, 1),
        ({"max_width": 1599, "height": 901}, 2),
        ({"ratio_width": 4, "ratio_height": 3}, 1),
        ({"ratio_width": 4, "ratio_height": 3, "tolerance": "40"}, 0),
        ({"min_width": 9999, "roles": ["hero"]}, 0),
    ],
)
def test_dimensions(params: dict[str, object], fails: int) -> None:
    assert len(failures("image_dimensions", Manifest(files=(picture(),)), **params)) == fails


def test_an_image_that_could_not_be_measured_fails_and_other_files_are_not_asked() -> None:
    assert (
        len(
            failures(
                "image_dimensions",
                Manifest(files=(picture(width=None), picture(type="application/pdf", width=None))),
            )
        )
        == 1
    )


def test_body_and_files_must_fit_together() -> None:
    body = f"<img src='asset:{PLAN}' alt='x'><img src='javascript:x' alt='Nothing'><img src='https://example.com/x.png' alt='y'>"  # noqa: E501

    found = failures(
        "file_use", Manifest(body_html=body, files=(picture(), picture("hero", "c" * 64)))
    )

    assert [finding.evidence for finding in found] == [f"asset:{PLAN}", "Nothing", "bridge.jpg"]
    assert not failures(
        "file_use", Manifest(body_html=f"<img src='asset:{HERO}'>", files=(picture(),))
    )

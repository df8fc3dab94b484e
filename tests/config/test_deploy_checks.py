"""H16: `check --deploy` speaks where the demo's sign-in would be public."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.checks import run_checks
from django.core.management import CommandError, call_command


@pytest.mark.parametrize(
    ("embedded", "site", "speaks"),
    [
        (True, "https://work.example.com", True),
        (True, "http://127.0.0.1:8000", False),
        (False, "https://work.example.com", False),
    ],
)
def test_h16_it_speaks_of_embedded_on_a_public_site(
    settings: Any, embedded: bool, site: str, speaks: bool
) -> None:
    settings.EMBEDDED, settings.SITE_URL = embedded, site

    found = [each.id for each in run_checks(include_deployment_checks=True)]

    assert ("throughline.E004" in found) is speaks


def test_h16_and_the_command_fails(settings: Any) -> None:
    settings.EMBEDDED, settings.SITE_URL = True, "https://work.example.com"

    with pytest.raises(CommandError, match="second factor"):
        call_command("check", deploy=True, stdout=io.StringIO(), stderr=io.StringIO())

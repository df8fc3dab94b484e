"""The first person of an agency on its own servers."""

from __future__ import annotations

import pytest
from django.core.management import call_command

from routing.models import User
from routing.people.actors import Actor


def test_is_made_on_the_command_line_and_may_name_the_others(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "a long enough password")

    call_command(
        "createsuperuser", interactive=False, email="First@agency.test", full_name="First Person"
    )

    first = User.objects.people().get()
    assert first.check_password("a long enough password")
    assert Actor.of(first).may("routing.change_user")
    assert first.history.get().history_user == User.objects.system()

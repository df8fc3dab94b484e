"""Helpers of commands that act as a person on the running product."""

from __future__ import annotations

from difflib import get_close_matches

from django.apps import apps
from django.core.management.base import CommandError

from routing.people.staff import User
from routing.work.gates import GateResult, refused

NOT_DEMO = refused(
    "demo",
    "This product is not the demo. Commands change its work only with --yes.",
    clears_by="You: add --yes",
)


def person(email: str) -> User:
    """
    Return an active person by their e-mail address.

    :raises CommandError: with exit code 2, if there is none
    """
    known = User.objects.people().filter(is_active=True)
    found = known.filter(email__iexact=email.strip()).first()
    if found is not None:
        return found
    near = get_close_matches(email.strip().lower(), list(known.values_list("email", flat=True)), 3)
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    raise CommandError(f"No active person has the e-mail address {email}.{hint}", returncode=2)


def is_demo() -> bool:
    """Return whether this product holds the demo agency. An image may have no demo at all."""
    found = [each for each in apps.get_app_configs() if each.label == "demo"]
    return any(each.is_loaded() for each in found)  # type: ignore[attr-defined]


def in_json(refusal: GateResult) -> dict[str, str]:
    """Return a refusal as commands print it."""
    return {
        "code": refusal.code,
        "message": str(refusal.message),
        "evidence": str(refusal.evidence),
        "clears_by": str(refusal.clears_by),
    }

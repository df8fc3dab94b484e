"""The test that must pass before an incident is closed: the canary."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from integrations.adapters.registry import adapter_of
from integrations.base.adapter import CallFailed
from integrations.base.connections import Connection
from integrations.http.network import within

LONGEST_S = 8.0  # a person waits for the page


@dataclass(frozen=True, slots=True)
class CanaryResult:
    """``said`` is shown to people, and has no secret."""

    passed: bool
    said: str


def try_connection(connection: Connection, *, at: datetime) -> CanaryResult:
    """
    Ask the system behind a connection something small, also while the connection is paused.

    A kind of system that cannot be asked passes if its calls do not fail. Call it outside any
    transaction. It changes neither the system nor the health of the connection.
    """
    connection.refresh_from_db()
    adapter = adapter_of(connection.kind)
    if adapter is None:
        return CanaryResult(False, _("This kind of system is no longer known."))
    if not connection.is_active:
        return CanaryResult(False, _("The connection is inactive."))
    try:
        with within(LONGEST_S):
            asked = adapter.answers(connection)
    except CallFailed as error:
        return CanaryResult(False, str(error))
    if asked:
        return CanaryResult(True, _("The system answers."))
    if connection.is_paused(at) or connection.failing_since is not None:
        said = connection.last_error or _("The connection is paused.")
        return CanaryResult(False, said)
    return CanaryResult(True, _("The system cannot be asked, and no call to it fails."))

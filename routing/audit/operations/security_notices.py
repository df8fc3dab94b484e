"""Record a security event of a request, and raise an alarm if it completes a pattern."""

from __future__ import annotations

from typing import Any

import structlog
from allauth.account.adapter import get_adapter
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction
from django.http import HttpRequest
from django.utils import timezone

from routing.audit.operations.security_alarms import Kind, watch
from routing.people.security import record_security
from routing.people.staff import User

log = structlog.get_logger(__name__)


def notice(
    kind: str,
    request: HttpRequest | None,
    *,
    user: Any = None,
    email: str = "",
    detail: str = "",
) -> None:
    """
    Record an event of this request, and raise an alarm if it completes a pattern.

    A database that does not answer stops no request here: the log has the kind.
    """
    account_of = user if isinstance(user, User) else None
    try:
        with transaction.atomic():
            made = record_security(
                kind,
                at=timezone.now(),
                user=account_of,
                address=address_of(request),
                email=email,
                detail=detail,
            )
            if made is not None:
                watch(made)
    except DatabaseError as error:
        log.error("security_event_not_stored", kind=str(kind), error=type(error).__name__)  # noqa: TRY400  # a traceback could hold what was typed


def address_of(request: HttpRequest | None) -> str | None:
    """Return the address of the sender, as allauth's limits count it."""
    if request is None:
        return None
    try:
        return str(get_adapter().get_client_ip(request))
    except PermissionDenied:
        return None


__all__ = ["Kind", "address_of", "notice"]

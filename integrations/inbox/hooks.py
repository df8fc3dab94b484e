"""
POST /hooks/<connection>/: verify, store, answer.

Nothing else happens while the sender waits: HubSpot allows five seconds.
"""

from __future__ import annotations

from functools import cache
from secrets import token_urlsafe

import structlog
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from integrations.adapters.hubspot.adapter import HubSpotAdapter
from integrations.adapters.registry import adapter_of
from integrations.base import doorbell
from integrations.base.adapter import Adapter, Delivery
from integrations.base.connections import Connection
from integrations.base.secrets import Hidden, UnreadableSecret
from integrations.inbox.bounds import MAX_BODY_BYTES
from integrations.inbox.listen import listening
from integrations.inbox.receive import Receipt, receive
from integrations.inbox.unreadable import flaw_in_words, tell_unreadable
from routing.audit.operations.security_notices import Kind, notice
from routing.kernel.retrying import again

RETRY_S = 5

log = structlog.get_logger(__name__)
# Verifies requests for unknown connections, so that their refusal takes as long as others.
_NOBODY = HubSpotAdapter()


@csrf_exempt
@require_POST
def hook(request: HttpRequest, slug: str) -> JsonResponse:
    """
    Receive a webhook.

    Answers 200 with the result of each part, or 400 if nothing in the body is readable; it is
    stored in both cases. Answers 401 if the request is not genuine, whatever the reason; 411, 413
    or 415 without reading the body; and 503 if it cannot be stored now, so that it is sent again.
    """
    if refusal := _unread(request):
        return refusal
    try:
        return _answer(request, slug)
    except (OperationalError, InterfaceError) as error:
        log.error("hook_unavailable", slug=slug, error=type(error).__name__)  # noqa: TRY400  # a traceback could hold the body
    except UnreadableSecret as error:
        log.error("hook_unavailable", slug=slug, error=str(error))  # noqa: TRY400
    return _error(
        503,
        "unavailable",
        "Nothing was stored. Send it again.",
        headers={"Retry-After": str(RETRY_S)},
    )


def _unread(request: HttpRequest) -> JsonResponse | None:
    """Return the refusal based on headers alone, before any byte of the body is read."""
    length = request.META.get("CONTENT_LENGTH") or ""
    if not length.isdigit():
        return _error(411, "length_required", "Send a Content-Length.")
    if int(length) > MAX_BODY_BYTES:
        return _error(
            413, "too_large", f"Send at most {MAX_BODY_BYTES} bytes at once. Split the batch."
        )
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        return _error(415, "compressed", "Send the body uncompressed.")
    return None


def _answer(request: HttpRequest, slug: str) -> JsonResponse:
    # Bounded again, because a client can send more than its Content-Length says.
    at = timezone.now()
    body = request.read(MAX_BODY_BYTES)
    connection = listening(slug)
    adapter = adapter_of(connection.kind) if connection else None
    if connection is None or adapter is None or not adapter.receives:
        secrets = Hidden(text=_decoy()).reveal()
        _NOBODY.unsigned(
            _delivery(request, f"https://nobody.invalid/hooks/{slug}/", body), secrets, at
        )
        return _refused(request, slug, "unknown_connection")
    delivery = _delivery(request, connection.hook_url, body)
    if reason := adapter.unsigned(delivery, connection.signing_secrets.reveal(), at):
        return _refused(request, slug, reason)
    receipt = again(lambda: receive(connection, adapter, delivery, at=at))
    if receipt.count("poison"):
        tell_unreadable(connection, receipt, at=at)
    return _received(connection, adapter, receipt)


@cache
def _decoy() -> str:
    """Return an encrypted secret of no connection. Decrypting it takes as long as a real one."""
    return Hidden([token_urlsafe()]).sealed()


def _delivery(request: HttpRequest, url: str, body: bytes) -> Delivery:
    query = request.META.get("QUERY_STRING", "")
    headers = {name.lower(): value for name, value in request.headers.items()}
    return Delivery(str(request.method), f"{url}?{query}" if query else url, headers, body)


def _refused(request: HttpRequest, slug: str, reason: str) -> JsonResponse:
    """Answer every reason in the same way. Only the log says which it was."""
    notice(Kind.TOKEN_REFUSED, request, detail="webhook")
    log.warning("hook_refused", slug=slug, reason=reason)
    return _error(
        401,
        "not_genuine",
        "The signature does not match. Check the secret, the public address and your clock.",
    )


def _received(connection: Connection, adapter: Adapter, receipt: Receipt) -> JsonResponse:
    # The events are committed. The worker is only woken, and finds them without this call, too.
    if receipt.count("new"):
        doorbell.process.ring()
    names = {
        "new": "captured",
        "repeated": "repeated",
        "conflict": "conflicting",
        "ignored": "ignored",
        "poison": "poison",
    }
    counts = {shown: receipt.count(became) for became, shown in names.items()}
    log.info(
        "hook_received",
        connection=connection.slug,
        inbound=receipt.inbound_id,
        reason=receipt.reason,
        **counts,
    )
    problems = [
        {"place": outcome.place, "reason": outcome.reason}
        for outcome in receipt.outcomes
        if outcome.reason
    ][:10]
    body = {"received": receipt.inbound_id, **counts, "problems": problems}
    if receipt.state != "poison":
        return JsonResponse(body)
    return JsonResponse(
        {
            "error": receipt.reason,
            "message": f"{flaw_in_words(receipt.reason)} It was stored for a person to review.",
            **body,
        },
        status=400,
    )


def _error(
    status: int, error: str, message: str, headers: dict[str, str] | None = None
) -> JsonResponse:
    return JsonResponse({"error": error, "message": message}, status=status, headers=headers)

"""
The hook as one writes it first: rows through the ORM in one transaction, then a Celery task an
event.
"""

from __future__ import annotations

from functools import partial
from hashlib import sha256
from typing import Any

from celery import shared_task
from django.db import transaction
from django.db.models import F
from django.http import HttpRequest, JsonResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from integrations.adapters.hubspot.adapter import HubSpotAdapter
from integrations.base.adapter import Delivery
from integrations.models import Connection, Inbound
from routing.flows.models import FlowVersion
from routing.kernel.events import Event, Payload
from routing.runs.models import Run, RunEvent
from routing.runs.operations.capture import Signal


@csrf_exempt
@require_POST
def hook(request: HttpRequest, slug: str) -> JsonResponse:
    at, adapter = timezone.now(), HubSpotAdapter()
    connection = get_object_or_404(Connection, slug=slug, is_active=True)
    headers = {name.lower(): value for name, value in request.headers.items()}
    delivery = Delivery("POST", connection.hook_url, headers, request.body)
    if adapter.unsigned(delivery, connection.signing_secrets.reveal(), at):
        return JsonResponse({"error": "not_genuine"}, status=401)
    signals = [part for part in adapter.parts(delivery, connection, at) if isinstance(part, Signal)]
    with transaction.atomic():
        made = [_capture(signal, connection) for signal in signals]
        kept, new = Inbound.objects.get_or_create(
            connection=connection,
            sha256=sha256(request.body).hexdigest(),
            defaults={
                "received_at": at,
                "last_received_at": at,
                "raw": request.body,
                "headers": {
                    name: headers[name] for name in adapter.kept_headers if name in headers
                },
                "state": Inbound.State.PROCESSED,
                "captured": sum(made),
                "repeated": len(made) - sum(made),
            },
        )
        if not new:
            Inbound.objects.filter(pk=kept.pk).update(
                deliveries=F("deliveries") + 1,
                last_received_at=at,
                repeated=F("repeated") + len(made),
            )
    return JsonResponse({"received": kept.pk, "captured": sum(made)})


def _capture(signal: Signal, connection: Connection) -> bool:
    event, new = Event.objects.get_or_create(
        source=signal.source,
        dedupe_key=signal.dedupe_key,
        defaults={
            "kind": signal.kind,
            "digest": signal.digest,
            "subject_type": signal.subject_type,
            "subject_id": signal.subject_id,
            "actor_id": connection.service_user_id,
            "at": signal.occurred_at,
        },
    )
    if new:
        Payload.objects.create(event=event, body=signal.body)
        transaction.on_commit(partial(process_event.delay, event.pk))
    return new


@shared_task(name="bench.process_event", queue="process")
def process_event(event_id: int, **_: Any) -> None:
    """Mark an event that matches no flow. The product does the same for many at once."""
    with transaction.atomic():
        event = Event.objects.select_related("payload").get(pk=event_id)
        live = FlowVersion.objects.live().select_related("flow").prefetch_related("triggers")
        kinds: set[str] = set()
        for version in live:
            kinds.update(trigger.kind for trigger in version.triggers.all())
        starts = event.kind in kinds
        about = Run.objects.filter(
            source=event.source,
            subject_type=event.subject_type,
            subject_id=event.subject_id,
            item__is_open=True,
        )
        if not starts and not about.exists():
            RunEvent.objects.get_or_create(
                event=event,
                run=None,
                defaults={"part": RunEvent.Part.UNCLAIMED, "at": timezone.now()},
            )

"""
Drafts of forms: a session may expire while somebody types, and their words must be there again
after they sign in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_POST

from delivery.portal.access import for_contacts
from delivery.portal.models import FormDraft
from routing.kernel.clean_text import lines, one_line
from routing.people.actors import Actor
from routing.work.registry import eraser

FORM = re.compile(r"(request|change|answer|decide|impact):[A-Za-z0-9_-]{1,60}", re.ASCII)
# Set for each page, or sent by a button.
NEVER_KEPT = frozenset({"csrfmiddlewaretoken", "draft", "token", "digest", "seal", "word"})
MOST_FIELDS, MOST_TEXT, MOST_DRAFTS = 30, 20_000, 50
KEPT_FOR = timedelta(days=30)


@require_POST
@for_contacts
def keep_draft(request: HttpRequest, by: Actor) -> HttpResponse:
    """Keep what a form holds now. Answers 204, or 400 for a form that does not exist."""
    form = request.POST.get("draft", "")
    if not FORM.fullmatch(form) or by.contact_id is None:
        return HttpResponse(status=400)
    keep(by.contact_id, form, request.POST.dict(), at=timezone.now())
    return HttpResponse(status=204)


def keep(contact_id: int, form: str, given: Mapping[str, Any], *, at: datetime) -> None:
    """Keep the fields of a form. An empty form has no draft."""
    values = {
        one_line(name)[:80]: lines(str(value))[:MOST_TEXT]
        for name, value in list(given.items())[:MOST_FIELDS]
        if name not in NEVER_KEPT
    }
    mine = FormDraft.objects.filter(contact=contact_id)
    if not any(values.values()):
        mine.filter(form=form).delete()
        return
    FormDraft.objects.update_or_create(
        contact_id=contact_id, form=form, defaults={"values": values, "saved_at": at}
    )
    FormDraft.objects.filter(saved_at__lt=at - KEPT_FOR).delete()
    newest = mine.order_by("-saved_at", "-pk").values("pk")[:MOST_DRAFTS]
    mine.exclude(pk__in=list(newest.values_list("pk", flat=True))).delete()


def restore(form: forms.Form, by: Actor, name: str) -> None:
    """
    Fill a form that was not sent with its draft, and name it so that the page keeps it again.

    :param name: such as ``answer:ACM-12``
    """
    form.draft = name  # type: ignore[attr-defined]  # read by the template
    if form.is_bound or by.contact_id is None:
        return
    kept = FormDraft.objects.filter(contact=by.contact_id, form=name).first()
    if kept is None:
        return
    for field, value in kept.values.items():
        if field in form.fields and not isinstance(form.fields[field], forms.FileField):
            form.initial[field] = value
    form.draft_saved_at = kept.saved_at  # type: ignore[attr-defined]


def drop(by: Actor, name: str) -> None:
    """Delete the draft of a form that was sent."""
    FormDraft.objects.filter(contact=by.contact_id, form=name).delete()


@eraser
def forget_drafts(contact_id: int, email: str, at: datetime) -> None:
    """Delete all drafts of an erased contact."""
    FormDraft.objects.filter(contact=contact_id).delete()

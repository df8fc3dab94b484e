"""Tokens of forms, so that sending a form twice counts once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from secrets import token_urlsafe

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from routing.desk.base import actor
from routing.desk.operations import sendings

FIELD = "once"
# The form of tokens from token_urlsafe. Anything else is not one of ours.
TOKEN = re.compile(r"[A-Za-z0-9_-]{1,64}")


class FormSending:
    """
    One submission of a form: its token, and the page to which an earlier one with it led.
    """

    def __init__(self, token: str, before: str = "", claimed: int | None = None) -> None:
        self.token, self.before, self.claimed, self.done = token, before, claimed, False

    def leads_to(self, url: str) -> None:
        self.done = True
        if self.claimed is not None:
            sendings.lead(self.claimed, url)


@contextmanager
def claim_form(request: HttpRequest, what: str) -> Iterator[FormSending]:
    """
    Claim the token of a posted form, in one transaction with the work of the form.

    ``FormSending.before`` is the page to which an earlier submission led. A submission that leads
    nowhere, such as one with errors, is rolled back and may be sent again.
    """
    token = request.POST.get(FIELD, "")
    if not TOKEN.fullmatch(token):
        yield FormSending(token_urlsafe(16))
        return
    user = actor(request).user_id
    with transaction.atomic():
        claimed = sendings.claim(user, what, token, timezone.now())
        sent = FormSending(token, "" if claimed else sendings.led_to(user, what, token), claimed)
        yield sent
        if claimed and not sent.done:
            # The claim goes too, or the corrected form would count as sent before.
            transaction.set_rollback(True)

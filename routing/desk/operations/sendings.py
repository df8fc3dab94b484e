"""Submissions of forms, claimed in the transaction of their work and deleted after a day."""

from __future__ import annotations

from datetime import datetime, timedelta

from routing.desk.sendings import Sending
from routing.kernel.sql import run
from routing.kernel.tables import insert_into

KEPT = timedelta(days=1)
_SENDING = insert_into(
    Sending,
    "",
    user_id="%(user)s",
    form="%(form)s",
    token="%(token)s",  # noqa: S106  # the name of a parameter
    sent_at="%(at)s",
)
CLAIM = f"{_SENDING} ON CONFLICT (user_id, form, token) DO NOTHING RETURNING id"


def claim(user_id: int, form: str, token: str, at: datetime) -> int | None:
    """
    Return the id of a first submission, or None if the form was submitted before.

    Call it in the transaction that does the work of the form.
    """
    # If another submission is still running, the INSERT waits for its end on the unique index. If
    # that one is rolled back, this one is the first.
    made = run(CLAIM, {"user": user_id, "form": form, "token": token, "at": at})
    return made[0][0] if made else None


def led_to(user_id: int, form: str, token: str) -> str:
    """Return the page to which an earlier submission led, or an empty string."""
    found = (
        Sending.objects.filter(user=user_id, form=form, token=token)
        .values_list("leads_to", flat=True)
        .first()
    )
    return found or ""


def lead(sending_id: int, url: str) -> None:
    Sending.objects.filter(pk=sending_id).update(leads_to=url)


def forget_sendings(at: datetime) -> int:
    """
    Delete submissions that are more than a day old, and return their number.
    """
    gone, _models = Sending.objects.filter(sent_at__lt=at - KEPT).delete()
    return gone

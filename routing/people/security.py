"""
Security events: who signed in or tried to, and who changed what lets somebody sign in.

They are kept for a while and then removed, so they are not part of the sealed evidence. They hold
no secrets: what was typed is kept at most as a keyed digest, because people type passwords into the
field for their name.
"""

from __future__ import annotations

import hmac
from datetime import datetime, timedelta
from ipaddress import ip_address

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from routing.kernel.roles import AUDITOR, OPS, grant
from routing.people.staff import User

KEPT = timedelta(days=400)
# Somebody who guesses must not fill the disk: of one kind and address, no more are stored an hour.
MOST_AN_HOUR = 200
LONGEST_DETAIL = 120

grant("routing.view_securityevent", OPS, AUDITOR)


class SecurityEvent(models.Model):
    """
    One event. The app adds events and removes those that are old, and the database refuses it to
    change one, except to empty ``address`` and ``typed``, as erasure does.

    ``user`` is whose account it is about, ``by`` the person who did it to somebody else's account.
    ``typed`` is a keyed digest of the e-mail address that was typed, if no account has it.
    """

    class Kind(models.TextChoices):
        SIGNED_IN = "signed_in", _("Signed in")
        SIGNED_OUT = "signed_out", _("Signed out")
        SIGN_IN_FAILED = "sign_in_failed", _("Sign-in failed")
        LOCKED_OUT = "locked_out", _("Locked out after too many attempts")
        CODE_SENT = "code_sent", _("Sign-in code requested")
        CODE_REFUSED = "code_refused", _("Wrong sign-in code")
        FACTOR_ADDED = "factor_added", _("Second factor added")
        FACTOR_REMOVED = "factor_removed", _("Second factor removed")
        FACTOR_RESET = "factor_reset", _("Recovery codes replaced")
        FACTOR_REFUSED = "factor_refused", _("Wrong second factor")
        RESET_SENT = "reset_sent", _("Password link requested")
        PASSWORD_CHANGED = "password_changed", _("Password changed")
        PASSWORD_RESET = "password_reset", _("Password set by a link")
        ROLES_CHANGED = "roles_changed", _("Roles changed")
        DEACTIVATED = "deactivated", _("Account deactivated")
        REACTIVATED = "reactivated", _("Account reactivated")
        INVITED = "invited", _("Portal access given")
        WITHDRAWN = "withdrawn", _("Portal access withdrawn")
        TOKEN_CHANGED = "token_changed", _("Token or secret of a connection changed")
        TOKEN_REFUSED = "token_refused", _("Wrong token or signature")
        ALARM = "alarm", _("Alarm")

    impersonal = ("kind", "typed", "detail")

    kind = models.CharField(_("event"), max_length=20, choices=Kind)
    at = models.DateTimeField(_("at"))
    user = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("account")
    )
    by = models.ForeignKey(
        User,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        verbose_name=_("by"),
    )
    address = models.GenericIPAddressField(_("IP address"), null=True)
    typed = models.CharField(max_length=64, blank=True, default="", editable=False)
    detail = models.CharField(_("detail"), max_length=LONGEST_DETAIL, blank=True, default="")

    class Meta:
        verbose_name = _("security event")
        verbose_name_plural = _("security events")
        ordering = ("-id",)
        default_permissions = ("view",)
        indexes = (
            models.Index(fields=["at"], name="securityevent_at_idx"),
            models.Index(fields=["kind", "address", "at"], name="securityevent_address_idx"),
            models.Index(
                fields=["typed", "at"],
                condition=~models.Q(typed=""),
                name="securityevent_typed_idx",
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.at:%Y-%m-%d %H:%M}"


def record_security(
    kind: str,
    *,
    at: datetime,
    user: User | None = None,
    by: int | None = None,
    address: str | None = None,
    email: str = "",
    typed: str = "",
    detail: str = "",
) -> SecurityEvent | None:
    """
    Record a security event. Return None if too many of its kind came from its address.

    :param by: id of the person who did it, if it was somebody else
    :param email: as it was typed. If an account has it, that is ``user``
    :param typed: the digest of another event, in place of ``email``
    :param detail: one of our own words, never anything that was typed
    """
    if user is None and email:
        user = User.objects.filter(email__iexact=email.strip()).first()
    row = SecurityEvent(
        kind=kind,
        at=at,
        user=user,
        by_id=by,
        address=clean_address(address),
        typed=digest_of(email) if email and user is None else typed,
        detail=detail[:LONGEST_DETAIL],
    )
    if _is_flood(row):
        return None
    row.save(force_insert=True)
    return row


def clean_address(address: str | None) -> str | None:
    """Return an IP address in its usual form, or None for anything else."""
    try:
        return str(ip_address((address or "").strip().partition("%")[0]))
    except ValueError:
        return None


def forget_security_events(*, at: datetime) -> int:
    """Remove events that are older than ``KEPT``, and return their number."""
    gone, _models = SecurityEvent.objects.filter(at__lt=at - KEPT).delete()
    return gone


def _is_flood(row: SecurityEvent) -> bool:
    if row.address is None:
        return False
    same = SecurityEvent.objects.filter(
        kind=row.kind, address=row.address, at__gt=row.at - timedelta(hours=1)
    )
    return same.order_by()[:MOST_AN_HOUR].count() >= MOST_AN_HOUR


def digest_of(email: str) -> str:
    """Return a keyed digest, by which attempts with one address can be counted."""
    key, text = settings.ERASURE_KEY.encode(), f"security:{email.strip().lower()}"
    return hmac.new(key, text.encode("utf-8", "replace"), "sha256").hexdigest()

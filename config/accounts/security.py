"""
Security events of signing in: what allauth and Django say happened, as rows.

Nothing that was typed is stored, see ``routing.people.security``.
"""

from __future__ import annotations

from typing import Any

from allauth.account import signals as account
from allauth.account.authentication import get_authentication_records
from allauth.mfa import signals as factors
from django.contrib.auth import signals as django_auth
from django.dispatch import receiver
from django.http import HttpRequest

from routing.audit.operations.security_notices import Kind, notice
from routing.people.staff import User


@receiver(account.user_logged_in)
def signed_in(request: HttpRequest, user: User, **_: Any) -> None:
    methods = [str(record["method"]) for record in get_authentication_records(request, user)]
    notice(Kind.SIGNED_IN, request, user=user, detail=", ".join(dict.fromkeys(methods)))


@receiver(django_auth.user_logged_out)
def signed_out(request: HttpRequest | None, user: User | None, **_: Any) -> None:
    if user is not None:
        notice(Kind.SIGNED_OUT, request, user=user)


@receiver(django_auth.user_login_failed)
def sign_in_failed(
    credentials: dict[str, Any], request: HttpRequest | None = None, **_: Any
) -> None:
    email = str(credentials.get("email") or credentials.get("username") or "")
    notice(Kind.SIGN_IN_FAILED, request, email=email)


@receiver(account.login_code_rejected)
def code_refused(request: HttpRequest, user: User, last_attempt: bool, **_: Any) -> None:
    notice(Kind.CODE_REFUSED, request, user=user)
    if last_attempt:
        notice(Kind.LOCKED_OUT, request, user=user, detail="code")


@receiver(factors.authentication_failed)
def factor_refused(request: HttpRequest, user: User, **more: Any) -> None:
    notice(Kind.FACTOR_REFUSED, request, user=user, detail=_kind_of(more))


@receiver(factors.authenticator_added)
def factor_added(request: HttpRequest, user: User, **more: Any) -> None:
    notice(Kind.FACTOR_ADDED, request, user=user, detail=_kind_of(more))


@receiver(factors.authenticator_removed)
def factor_removed(request: HttpRequest, user: User, **more: Any) -> None:
    notice(Kind.FACTOR_REMOVED, request, user=user, detail=_kind_of(more))


@receiver(factors.authenticator_reset)
def factor_reset(request: HttpRequest, user: User, **more: Any) -> None:
    notice(Kind.FACTOR_RESET, request, user=user, detail=_kind_of(more))


@receiver([account.password_changed, account.password_set])
def password_changed(request: HttpRequest, user: User, **_: Any) -> None:
    notice(Kind.PASSWORD_CHANGED, request, user=user)


@receiver(account.password_reset)
def password_reset(request: HttpRequest, user: User, **_: Any) -> None:
    notice(Kind.PASSWORD_RESET, request, user=user)


def _kind_of(more: dict[str, Any]) -> str:
    """Return the type of the second factor, such as totp."""
    return str(getattr(more.get("authenticator"), "type", "") or "")

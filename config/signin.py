"""Who may sign in, and with what: no sign-up, and a second factor for staff."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.auth_backends import AuthenticationBackend
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.utils import is_mfa_enabled
from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _


class Backend(AuthenticationBackend):
    """Asks for rights as the product does, so that one statement a page answers both."""

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> Any:
        if user_obj.is_anonymous or not user_obj.is_active or obj is not None:
            return frozenset()
        return user_obj.rights.permissions


class AccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False  # colleagues make accounts; clients are invited


class SecondFactorAdapter(DefaultMFAAdapter):
    """Keeps the secrets of second factors encrypted, with keys that can be rotated."""

    def encrypt(self, text: str) -> str:
        return _fernet().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return _fernet().decrypt(encrypted_text.encode()).decode()

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        return {**super().get_public_key_credential_rp_entity(), "name": "Throughline"}


def _fernet() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.ENCRYPTION_KEYS])


class SecondFactorMiddleware:
    """
    Staff without a second factor can set one up, and nothing else.

    Not asked while the demo runs on embedded services, where its people have passwords only; a banner says so.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self.open = ("/accounts/", settings.STATIC_URL)

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if settings.EMBEDDED or request.path.startswith(self.open) or not _lacks_second_factor(request):
            return self.get_response(request)
        messages.info(request, _("Set up a second factor to go on. Staff need one."))
        return HttpResponseRedirect(reverse("mfa_activate_totp"))


def _lacks_second_factor(request: HttpRequest) -> bool:
    user = request.user
    return user.is_authenticated and user.is_staff and not is_mfa_enabled(user)

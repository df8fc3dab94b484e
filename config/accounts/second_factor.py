"""Codes of an authenticator app: each counts once, and guessing them is limited."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.core import context
from allauth.core.internal.cryptokit import compare_user_code
from allauth.mfa import signals
from allauth.mfa.base import forms
from allauth.mfa.internal.flows.add import validate_can_add_authenticator
from allauth.mfa.models import Authenticator
from allauth.mfa.totp import forms as totp_forms
from allauth.mfa.totp import views
from allauth.mfa.totp.internal import auth
from allauth.mfa.utils import decrypt
from django.db import transaction
from django.http import HttpResponse

from config.accounts import guesses

USED = "used_counter"  # in the data of an authenticator: the step of the newest code that counted


def counter_of(secret: str, code: str) -> int | None:
    """Return the time step that this code belongs to, or None if it is not valid now."""
    for counter in auth.yield_hotp_counters_from_time():
        expected = auth.format_hotp_value(auth.hotp_value(secret, counter))
        if compare_user_code(actual=code, expected=expected):
            return int(counter)
    return None


def use(authenticator: Authenticator, counter: int) -> bool:
    """
    Record that a code counted. Return whether it is newer than all that did.

    It is in the row and not in the cache, which may be emptied, and covers the whole time in which
    a code is valid.
    """
    with transaction.atomic():
        row = Authenticator.objects.select_for_update().get(pk=authenticator.pk)
        if row.data.get(USED, -1) >= counter:
            return False
        row.data[USED] = counter
        row.save(update_fields=["data"])
    authenticator.data = row.data
    return True


def is_right(authenticator: Authenticator, code: str) -> bool:
    if authenticator.type == Authenticator.Type.TOTP:
        counter = counter_of(decrypt(authenticator.data["secret"]), code)
        return counter is not None and use(authenticator, counter)
    return bool(authenticator.wrap().validate_code(code))


@contextmanager
def _guess(form: Any) -> Iterator[None]:
    """:raises ValidationError: if there were too many guesses at this account"""
    tried = guesses.attempt(context.request, form.user.email)
    if tried is None:
        raise get_adapter().validation_error("too_many_login_attempts")
    yield
    tried.forgive()


class _OnceForm(forms.BaseAuthenticateForm):
    """allauth's form, with our limits and with codes that count once."""

    def clean_code(self) -> str:
        with _guess(self):
            code = str(self.cleaned_data["code"])
            typed = Authenticator.objects.filter(user=self.user).exclude(
                type=Authenticator.Type.WEBAUTHN
            )
            for authenticator in typed.order_by("-type"):  # totp before recovery_codes
                if is_right(authenticator, code):
                    authenticator.user = self.user
                    self.authenticator = authenticator
                    break
            else:
                self._failed(typed.order_by("-type").first())
                raise forms.get_adapter().validation_error("incorrect_code")
        return code

    def _failed(self, authenticator: Authenticator | None) -> None:
        if authenticator is not None:
            signals.authentication_failed.send(
                sender=Authenticator,
                request=context.request,
                user=self.user,
                authenticator=authenticator,
                reauthentication=isinstance(self, forms.ReauthenticateForm),
            )


class AuthenticateForm(_OnceForm, forms.AuthenticateForm):
    pass


class ReauthenticateForm(_OnceForm, forms.ReauthenticateForm):
    pass


class ActivateForm(totp_forms.ActivateTOTPForm):
    """The code that activates an app counts, too: it cannot be used to sign in."""

    counter: int

    def clean_code(self) -> str:
        validate_can_add_authenticator(self.user)
        with _guess(self):
            code = str(self.cleaned_data["code"])
            counter = counter_of(self.secret, code)
            if counter is None:
                raise forms.get_adapter().validation_error("incorrect_code")
            self.counter = counter
        return code


class ActivateView(views.ActivateTOTPView):
    def form_valid(self, form: Any) -> HttpResponse:
        with transaction.atomic():
            answer: HttpResponse = super().form_valid(form)
            made = Authenticator.objects.get(user=self.request.user, type=Authenticator.Type.TOTP)
            use(made, form.counter)
        return answer

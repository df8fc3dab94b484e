"""
Forms for sign-in codes (contacts) and password resets (staff).

Neither reveals which addresses are known.
"""

from __future__ import annotations

from allauth.account.adapter import get_adapter
from allauth.account.forms import (
    ChangePasswordForm,
    ConfirmLoginCodeForm,
    RequestLoginCodeForm,
    ResetPasswordForm,
)
from allauth.core import context
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from config.accounts import guesses
from routing.audit.operations.security_notices import Kind, notice
from routing.kernel.domains import canonical_address
from routing.people.staff import User


class CodeForm(RequestLoginCodeForm):
    """
    Requests a sign-in code for a contact.

    A known and an unknown address cost the same query and count against the same limits, so neither
    time nor answer reveals which it is.
    """

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = _("Your e-mail address")
        self.fields["email"].widget.attrs.pop("placeholder", None)
        self.fields["email"].widget.attrs["autofocus"] = True
        self.fields["email"].error_messages |= {
            "required": _("Enter your e-mail address."),
            "invalid": _("Enter an e-mail address such as name@company.com."),
        }

    def clean_email(self) -> str:
        email = canonical_address(self.cleaned_data["email"])
        contacts = User.objects.people().filter(
            is_active=True, is_staff=False, contact__isnull=False, contact__erased_at=None
        )
        self._user = contacts.filter(email=email).first()
        if not guesses.may_ask(context.request, email):
            raise ValidationError(
                _(
                    "You requested several codes in a short time. Wait a minute, then try again. "
                    "The newest e-mail from us has a code that works for ten minutes."
                )
            )
        return email


class ResetForm(ResetPasswordForm):
    def clean_email(self) -> str:
        email = canonical_address(super().clean_email())
        if not guesses.may_ask(context.request, email):
            raise get_adapter().validation_error("rate_limited")
        staff = User.objects.staff().filter(email=email)  # contacts never have a password
        self.users = list(staff)
        notice(Kind.RESET_SENT, context.request, email=email)
        return email


class ConfirmCodeForm(ConfirmLoginCodeForm):
    """
    Judges a code. Three wrong ones end it, and many codes together count as guesses at the account.

    allauth hands over the code alone, so that the address is read from the session.
    """

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["code"]
        field.label = _("Code")
        field.widget.attrs.pop("placeholder", None)
        field.widget.attrs |= {"autofocus": True, "autocapitalize": "characters", "maxlength": 20}
        field.error_messages["required"] = _("Enter the code from the e-mail.")

    def clean_code(self) -> str:
        tried = guesses.attempt(context.request, _asked_for(context.request))
        if tried is None:
            raise get_adapter().validation_error("too_many_login_attempts")
        code: str = super().clean_code()
        tried.forgive()
        return code


def _asked_for(request: HttpRequest) -> str:
    """Return the address that a code was asked for in this session."""
    stashed = request.session.get("account_login") or {}
    return str(stashed.get("email") or "")


class PasswordForm(ChangePasswordForm):
    """Changes one's own password. The old one is a guess like any other."""

    def clean_oldpassword(self) -> str:
        tried = guesses.attempt(context.request, self.user.email)
        if tried is None:
            raise get_adapter().validation_error("too_many_login_attempts")
        password: str = super().clean_oldpassword()
        tried.forgive()
        return password

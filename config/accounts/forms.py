"""
Forms for sign-in codes (contacts) and password resets (staff).

Neither reveals which addresses are known.
"""

from __future__ import annotations

from allauth.account.forms import (
    ConfirmLoginCodeForm,
    RequestLoginCodeForm,
    ResetPasswordForm,
)
from allauth.core import context, ratelimit
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

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
        if not ratelimit.consume(context.request, action="request_login_code", key=email):
            raise ValidationError(
                _(
                    "You requested several codes in a short time. Wait a minute, then try again. "
                    "The newest e-mail from us has a code that works for ten minutes."
                )
            )
        return email


class EnterCodeForm(ConfirmLoginCodeForm):
    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["code"]
        field.label = _("Code")
        field.widget.attrs.pop("placeholder", None)
        field.widget.attrs |= {"autofocus": True, "autocapitalize": "characters", "maxlength": 20}
        field.error_messages["required"] = _("Enter the code from the e-mail.")


class ResetForm(ResetPasswordForm):
    def clean_email(self) -> str:
        email = canonical_address(super().clean_email())
        staff = User.objects.staff().filter(email=email)  # contacts never have a password
        self.users = list(staff)
        return email

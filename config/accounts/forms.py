"""
Forms for sign-in codes (contacts) and password resets (staff).

Neither reveals which addresses are known.
"""

from __future__ import annotations

from allauth.account.adapter import get_adapter
from allauth.account.forms import RequestLoginCodeForm, ResetPasswordForm
from allauth.core import context, ratelimit
from django.utils.translation import gettext_lazy as _

from routing.audit.operations.security_notices import Kind, notice
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

    def clean_email(self) -> str:
        email = str(self.cleaned_data["email"]).lower()
        contacts = User.objects.people().filter(
            is_active=True, is_staff=False, contact__isnull=False, contact__erased_at=None
        )
        self._user = contacts.filter(email=email).first()
        if not ratelimit.consume(context.request, action="request_login_code", key=email):
            raise get_adapter().validation_error("too_many_login_attempts")
        return email


class ResetForm(ResetPasswordForm):
    def clean_email(self) -> str:
        email: str = super().clean_email()
        staff = User.objects.staff().filter(email=email.lower())  # contacts never have a password
        self.users = list(staff)
        notice(Kind.RESET_SENT, context.request, email=email)
        return email

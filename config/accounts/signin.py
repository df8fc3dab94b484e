"""
Rules for signing in.

Nobody can sign up. Staff use a password and a second factor, contacts a code sent by e-mail.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.auth_backends import AuthenticationBackend
from allauth.account.authentication import get_authentication_records
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from config.accounts import guesses
from config.accounts.boxes import box
from config.desk.context import agency_name
from config.mail import background
from config.web.routes import ACCOUNTS, DESK, is_below
from integrations.adapters.mail.layout import EmailLayout, layout_context
from routing.audit.operations.security_notices import Kind, notice
from routing.kernel.domains import canonical_address
from routing.models import Contact

CODE_REQUESTED = "account/messages/login_code_sent.txt"


class Backend(AuthenticationBackend):
    """
    Accepts passwords of staff only, and reads permissions in the product's own way.

    So Django's checks and the product's share one statement for each page.
    """

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> Any:
        """
        Return the user if the password is right and the user is staff.

        Others get the answer for a wrong password, after the same time.
        """
        user = super().authenticate(request, **credentials)
        if user is None or not user.is_staff:
            return None
        return user

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> Any:
        if user_obj.is_anonymous or not user_obj.is_active or obj is not None:
            return frozenset()
        return user_obj.rights.permissions


class AccountAdapter(DefaultAccountAdapter):
    error_messages: ClassVar[dict[str, Any]] = {
        **DefaultAccountAdapter.error_messages,
        "incorrect_code": gettext_lazy(
            "This code is wrong. If you requested several, only the newest e-mail has the code "
            "that works."
        ),
        # Shown after the third wrong code. What is judged by a form has words of its own.
        "too_many_login_attempts": gettext_lazy(
            "You entered three wrong codes, so the code no longer works. Request a new one."
        ),
        "rate_limited": gettext_lazy(
            "You requested several codes in a short time. Wait a minute, then try again."
        ),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False  # staff accounts are created by colleagues, and contacts are invited

    def pre_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> HttpResponse | None:
        """:raises PermissionDenied: for staff who use only a code"""
        # A code by e-mail would let whoever reads a mailbox into the desk without a second factor.
        methods = {record["method"] for record in get_authentication_records(request, user)}
        if user.is_staff and "code" in methods and "password" not in methods:
            raise PermissionDenied(_("Staff sign in with a password and a second factor."))
        response: HttpResponse | None = super().pre_login(request, user, **kwargs)
        return response

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """
        Count the guess, here and not in allauth's own way, which lets strangers lock people out.

        :raises ValidationError: if there were too many
        """
        account = str(credentials.get("email") or credentials.get("username") or "")
        self._attempt = guesses.attempt(request, account)
        if self._attempt is None:
            raise self.validation_error("too_many_login_attempts")

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Any:
        """Find people, and count their attempts, by the one form of their address."""
        if email := credentials.get("email"):
            credentials["email"] = canonical_address(email)
        user = super().authenticate(request, **credentials)
        if user is not None and self._attempt is not None:
            self._attempt.forgive()
        return user

    def reauthenticate(self, user: Any, password: str) -> bool:
        """Ask with the address of the account. allauth's own table of addresses is empty here."""
        found = self.authenticate(context.request, email=user.email, password=password)
        return found is not None and found.pk == user.pk

    def validation_error(self, code: str, *args: Any) -> Any:
        """Return allauth's error, and record that somebody was locked out."""
        request = context.request
        if code == "too_many_login_attempts" and request is not None:
            typed = request.POST.get("login") or request.POST.get("email") or ""
            notice(Kind.LOCKED_OUT, request, email=typed)
        if code == "too_many_login_attempts":
            words = _("There were too many wrong attempts. Wait five minutes, then try again.")
            return ValidationError(words, code=code)
        return super().validation_error(code, *args)

    def add_message(
        self,
        request: HttpRequest,
        level: int,
        message_template: str | None = None,
        message_context: dict[str, Any] | None = None,
        **more: Any,
    ) -> None:
        """Show allauth's message, and record each request for a code, also a refused one."""
        # The message is the same for known and unknown addresses, and so is what this costs.
        if message_template == CODE_REQUESTED and message_context:
            notice(Kind.CODE_SENT, request, email=str(message_context.get("email", "")))
        super().add_message(request, level, message_template, message_context, **more)

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        return reverse(home_of(request))

    def send_mail(self, template_prefix: str, email: str, values: dict[str, Any]) -> None:
        """Send after the response, so that an unknown address takes the same time."""
        background.after(self._send, template_prefix, email, values)

    def _send(self, template_prefix: str, email: str, values: dict[str, Any]) -> None:
        with translation.override(_language_of(email)):
            # allauth would take the site's name from the Host header.
            domain = urlsplit(settings.SITE_URL).netloc
            whole = {
                **values,
                "agency_name": agency_name(),
                "current_site": {"domain": domain, "name": agency_name()},
            }
            if "code" in values:
                whole |= layout_context(_code_layout(str(values["code"])))
            super().send_mail(template_prefix, email, whole)


def _language_of(email: str) -> str:
    """Return the language of the contact with this address, or that of the desk."""
    known = Contact.objects.known().filter(email__iexact=email)
    return known.values_list("language", flat=True).first() or settings.LANGUAGE_CODE


def _code_layout(code: str) -> EmailLayout:
    return EmailLayout(
        subject=_("Your sign-in code"),
        heading=_("Your sign-in code"),
        greeting=_("Enter this code in the browser where you requested it:"),
        paragraphs=(),
        quote=code,
        footer=_(
            "The code is valid for ten minutes. If you did not request it, you can ignore this "
            "e-mail. Nobody can sign in without the code."
        ),
    )


def home_of(request: HttpRequest) -> str:
    """Return the name of the user's first page."""
    user = request.user
    if user.is_authenticated and not user.is_staff:
        return "portal:home"
    return "admin:index"


@require_safe
def entrance(request: HttpRequest) -> HttpResponseRedirect:
    """Redirect the bare address to the user's first page."""
    return HttpResponseRedirect(reverse(home_of(request)))


class SecondFactorAdapter(DefaultMFAAdapter):
    """Encrypts the secrets of second factors with keys that can be rotated."""

    def encrypt(self, text: str) -> str:
        return box().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return box().decrypt(encrypted_text.encode()).decode()

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        return {**super().get_public_key_credential_rp_entity(), "name": "Throughline"}


class SecondFactorMiddleware:
    """
    Lets staff without a second factor do nothing but set one up.

    It is inactive on embedded services, where the demo's people have only passwords. A banner says
    so. What decides is the view that was found, never the address as the client wrote it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *found: Any) -> HttpResponse | None:
        if settings.EMBEDDED or is_below(request, ACCOUNTS) or not _lacks_second_factor(request):
            return None
        messages.info(request, _("Set up a second factor to continue. Staff must use one."))
        return HttpResponseRedirect(reverse("mfa_activate_totp"))


class ContactsMiddleware:
    """
    Limits contacts to the portal, signing in and signing out.

    They have no desk, no password and no second factor.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self.open = frozenset(
            (
                *("account_login", "account_logout", "account_inactive"),
                *("account_request_login_code", "account_confirm_login_code"),
            )
        )

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *found: Any) -> HttpResponse | None:
        """:raises PermissionDenied: for a page of the desk"""
        user = request.user
        if not user.is_authenticated or user.is_staff:
            return None
        if is_below(request, DESK):
            raise PermissionDenied(
                _("The desk is for agency staff. Use the client portal instead.")
            )
        assert request.resolver_match
        if is_below(request, ACCOUNTS) and request.resolver_match.url_name not in self.open:
            return HttpResponseRedirect(reverse("portal:home"))
        return None


def _lacks_second_factor(request: HttpRequest) -> bool:
    user = request.user
    return user.is_authenticated and user.is_staff and not is_mfa_enabled(user)

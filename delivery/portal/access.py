"""Access to the portal for signed-in contacts."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec
from urllib.parse import urlsplit

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django_htmx.http import HttpResponseClientRedirect

from routing.people.actors import Actor, actor_of

P = ParamSpec("P")


def for_contacts(
    view: Callable[Concatenate[HttpRequest, Actor, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """
    Pass the signed-in contact to a view as its actor. Others are sent to the sign-in page.

    :raises PermissionDenied: for staff, who use the desk
    """

    # Without a cache, the browser's back button shows no page after signing out.
    @never_cache
    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return _to_sign_in(request)
        if request.user.is_staff:
            raise PermissionDenied(_("The client portal is for clients. Staff work at the desk."))
        return view(request, actor_of(request), *args, **kwargs)

    return guarded


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    # htmx would put the sign-in page into the part of the page that it replaces.
    if request.headers.get("HX-Request"):
        return HttpResponseClientRedirect(reverse("account_request_login_code"))
    # A form cannot be sent again after signing in, but its page has the draft.
    back = request.get_full_path() if request.method == "GET" else _page_of_form(request)
    return redirect_to_login(back, reverse("account_request_login_code"))


def _page_of_form(request: HttpRequest) -> str:
    """Return the page that a form was sent from, or the home page of the portal."""
    home = reverse("portal:home")
    try:
        sender = urlsplit(request.headers.get("Referer", ""))
    except ValueError:
        return home
    ours = sender.netloc == request.get_host() and sender.path.startswith(home)
    return sender.path if ours else home

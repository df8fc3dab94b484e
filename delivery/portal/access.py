"""Access to the portal: only for a signed-in contact."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

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
    Give the view its actor, read once. Strangers are asked to sign in; no page is left in a cache
    after signing out.

    :raises PermissionDenied: for staff, who have the desk
    """

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
    back = request.get_full_path() if request.method == "GET" else reverse("portal:home")
    sign_in = redirect_to_login(back, reverse("account_request_login_code"))
    if request.headers.get("HX-Request"):
        return HttpResponseClientRedirect(reverse("account_request_login_code"))
    return sign_in

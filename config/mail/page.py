"""The page that shows e-mails while no SMTP server is set."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from config.mail import stored_emails
from routing.desk.base import actor

PER_PAGE = 20
# The e-mail as a document of its own, for a frame: its styles are inline, and it loads nothing and
# runs nothing. Its links open a window, because our other pages refuse to be framed.
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
)


def may_read_mail(request: HttpRequest) -> bool:
    """
    Return whether the user may read stored e-mails.

    In the demo on one's own machine, all staff may. Elsewhere, only those who may change people: an
    e-mail can hold a sign-in code, a password link or the title of restricted work.
    """
    if not stored_emails.are_kept():
        return False
    return is_demo() or actor(request).may("routing.change_user")


def is_demo() -> bool:
    """Return whether this is `make run` with the demo, whose passwords are in a file beside it."""
    return settings.EMBEDDED and Path(settings.SIGN_INS_FILE).exists()


@never_cache
@require_safe
def mail(request: HttpRequest) -> TemplateResponse:
    """
    List the stored e-mails, newest first. Served through admin_view, which admits only staff.

    :raises Http404: if an SMTP server is set, because then nothing is stored
    :raises PermissionDenied: if the user may not read e-mails of others
    """
    _require_access(request)
    page = Paginator(stored_emails.newest_first(), PER_PAGE).get_page(request.GET.get("page"))
    shared = admin.site.each_context(request)
    found = {
        "title": _("E-mail"),
        "emails": list(stored_emails.read(list(page.object_list))),
        "page": page,
        "folder": stored_emails.folder(),
        "is_demo": is_demo(),
    }
    return TemplateResponse(request, "desk/mail.html", shared | found)


@never_cache
@require_safe
def html(request: HttpRequest, name: str) -> HttpResponse:
    """
    Show the HTML of one stored e-mail, for a frame of the page above.

    :raises Http404: if there is none, or an SMTP server is set
    :raises PermissionDenied: if the user may not read e-mails of others
    """
    _require_access(request)
    file = stored_emails.named(name)
    found = next(stored_emails.read([file] if file else []), None)
    if found is None or not found.html:
        raise Http404
    answer = HttpResponse(found.html)
    answer["Content-Security-Policy"] = POLICY
    # For browsers that do not read frame-ancestors.
    answer["X-Frame-Options"] = "SAMEORIGIN"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


def _require_access(request: HttpRequest) -> None:
    if not stored_emails.are_kept():
        raise Http404
    if not may_read_mail(request):
        raise PermissionDenied(
            _("No SMTP server is set. Only users who can edit people can read the mail here.")
        )

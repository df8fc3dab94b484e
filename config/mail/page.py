"""The page that shows the mail which, without an SMTP server, reaches nobody."""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from config.mail import stored_emails
from routing.desk.base import actor

PER_PAGE = 20


def may_read_mail(request: HttpRequest) -> bool:
    """
    In the demo, all staff.

    On servers of one's own, who may change people: a letter can hold the way into an account.
    """
    return stored_emails.are_kept() and (
        settings.EMBEDDED or actor(request).may("routing.change_user")
    )


@never_cache
@require_safe
def mail(request: HttpRequest) -> TemplateResponse:
    """
    The letters, newest first. For admin_view, which lets only staff in.

    :raises Http404: while there is an SMTP server: nothing is kept then
    :raises PermissionDenied: to whom letters of others are not to be shown
    """
    if not stored_emails.are_kept():
        raise Http404
    if not may_read_mail(request):
        raise PermissionDenied(
            _("No SMTP server is set. Only users who can edit people can read the mail here.")
        )
    page = Paginator(stored_emails.newest_first(), PER_PAGE).get_page(request.GET.get("page"))
    shared = admin.site.each_context(request)
    found = {
        "title": _("E-mail"),
        "letters": list(stored_emails.read(list(page.object_list))),
        "page": page,
        "folder": stored_emails.folder(),
    }
    return TemplateResponse(request, "desk/mail.html", shared | found)

"""The button on the first page that reminds a client of an open approval or question."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from delivery.approvals.models import Approval
from delivery.approvals.operations.approvals import nudge
from delivery.requests.models import Request
from delivery.requests.operations.requests import remind as remind_of_question
from routing.desk.base import actor
from routing.work.visibility import work_seen_by


@require_POST
def remind(request: HttpRequest, item_id: int) -> HttpResponse:
    """
    Remind the client of an approval or of a question about a request, at most once a day.

    :raises Http404: if there is no such work, or the reader does not see it
    """
    by = actor(request)
    seen = {"item__in": work_seen_by(by).order_by(), "item": item_id}
    approval = Approval.objects.filter(**seen).select_related("item").first()
    row = approval or Request.objects.filter(**seen).select_related("item").first()
    if row is None:
        raise Http404
    step = nudge if approval else remind_of_question
    [result] = step([row.pk], by=by, at=timezone.now())
    if result.done:
        messages.success(
            request, _("%(ref)s: reminder sent to the client.") % {"ref": row.item.ref}
        )
    else:
        words = " ".join(str(each.message) for each in result.refusals)
        messages.warning(
            request, _("%(ref)s: no reminder sent. %(why)s") % {"ref": row.item.ref, "why": words}
        )
    return HttpResponseRedirect(reverse("admin:index"))

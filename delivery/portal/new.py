"""Views for new requests: the choice of a form, the form, and its confirmation."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import HttpResponseClientRedirect

from delivery.portal.access import for_contacts
from delivery.portal.drafts import drop, restore
from delivery.portal.forms import RequestForm
from delivery.portal.submissions import forms, opened
from delivery.portal.views import page
from delivery.progress.operations.submissions import submit, submitted_before
from delivery.requests.reach import ASKING
from routing.people.actors import Actor
from routing.work.file_types.refusal import NotKept

# The confirmation page checks this often whether the request exists, then offers a link instead.
LOOKS = tuple(str(number) for number in range(15))


def _may_ask(by: Actor) -> None:
    """:raises PermissionDenied: for contacts with read access only"""
    if not by.clients_as(*ASKING):
        raise PermissionDenied(
            _("You can view requests but not send them. Ask your contact person for access.")
        )


@require_safe
@for_contacts
def choose(request: HttpRequest, by: Actor) -> HttpResponse:
    """Show a choice of forms, or go to the only one."""
    _may_ask(by)
    found = forms()
    if len(found) == 1:
        return redirect("portal:form", found[0].flow.slug)
    return page(request, by, "choose", {"forms": found})


@require_http_methods(["GET", "HEAD", "POST"])
@for_contacts
def fill(request: HttpRequest, by: Actor, slug: str) -> HttpResponse:
    _may_ask(by)
    every = {form.flow.slug: form for form in forms()}
    found = every.get(slug)
    if found is None:
        raise Http404
    if request.method == "POST":
        form = RequestForm(found, by, request.POST, request.FILES)
    else:
        form = RequestForm(found, by)
    restore(form, by, f"request:{slug}")
    if request.method == "POST" and form.is_valid():
        token, uploads = form.cleaned_data["token"], form.cleaned_data["uploads"]
        try:
            # Sent twice: the files need not be stored a second time.
            if not submitted_before(by.contact_id or 0, token):
                submit(
                    slug,
                    form.answers,
                    client_id=form.client.pk,
                    token=token,
                    uploads=uploads,
                    by=by,
                    at=timezone.now(),
                )
        except NotKept as refusal:
            form.add_error("uploads", str(refusal))
        else:
            drop(by, f"request:{slug}")
            return redirect("portal:sent", token)
    return page(
        request, by, "new", {"form": form, "name": found.flow.name if len(every) > 1 else ""}
    )


@require_safe
@for_contacts
def sent(request: HttpRequest, by: Actor, token: str) -> HttpResponse:
    """
    Confirm a sent form, and redirect to its request once there is one.

    :raises Http404: if this contact has not sent such a form
    """
    if by.contact_id is None or not submitted_before(by.contact_id, token[:64]):
        raise Http404
    row = opened(by, token)
    small = bool(request.headers.get("HX-Request"))
    if row is not None and small:
        return HttpResponseClientRedirect(reverse("portal:request", args=[row.item.ref]))
    if row is not None:
        return redirect("portal:request", row.item.ref)
    asked = request.GET.get("look", "0")
    look = LOOKS.index(asked) + 1 if asked in LOOKS else len(LOOKS)
    # With 0 the page stops checking.
    context = {"token": token, "look": look if look < len(LOOKS) else 0}
    return page(request, by, "_wait" if small else "sent", context)

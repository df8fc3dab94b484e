"""Buttons on a contact's page that give and withdraw access to the portal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from routing.cover.operations.portal_access import (
    CannotInvite,
    has_access,
    invite,
    refusals_to_invite,
    withdraw,
)
from routing.desk.addresses import address, page_of
from routing.desk.base import DeskAdmin, actor
from routing.desk.forms import long_text
from routing.kernel.domains import canonical_address
from routing.people.clients import Contact
from routing.work.gates import GateResult
from routing.work.visibility import clients_seen_by


class WithdrawForm(forms.Form):
    reason = long_text(
        gettext_lazy("Reason"), error=gettext_lazy("Enter a reason."), rows=3, max_length=200
    )


class PortalAccess(DeskAdmin[Contact]):
    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("<path:object_id>/invite/", wrap(self.invite_view), name="routing_contact_invite"),
            path(
                "<path:object_id>/withdraw/",
                wrap(self.withdraw_view),
                name="routing_contact_withdraw",
            ),
            *super().get_urls(),
        ]

    def access(self, request: HttpRequest, object_id: str) -> dict[str, Any]:
        """Return the access status for the contact's page and the one step that applies."""
        contact, by = self.get_object(request, object_id), actor(request)
        if contact is None:
            return {}
        granted = has_access(contact)
        email = contact.user.email if granted and contact.user else ""
        verb = "withdraw" if granted else "invite"
        may = by.may(f"routing.{verb}_contact")
        return {
            "granted": granted,
            "signs_in_with": email,
            # The address changed after the invitation. The old one still signs in.
            "moved": granted and email != canonical_address(contact.email),
            "access_step": address(Contact, verb, contact.pk) if may else "",
        }

    def invite_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show who will get an e-mail and what they will see, or why not, then invite."""
        by = actor(request)
        by.require("routing.invite_contact", to="invite contacts")
        contact = self.seen(request, object_id)
        if request.method != "POST":
            return self._ask_to_invite(request, contact, refusals_to_invite(contact))
        try:
            invite(contact.pk, by=by, at=timezone.now())
        except CannotInvite as refusal:
            return self._ask_to_invite(request, contact, refusal.refusals, status=409)
        messages.success(
            request,
            _("Invited %(who)s. An e-mail goes to %(email)s.")
            % {"who": contact, "email": contact.readable_email},
        )
        return HttpResponseRedirect(page_of(contact))

    def _ask_to_invite(
        self,
        request: HttpRequest,
        contact: Contact,
        against: Sequence[GateResult],
        status: int = 200,
    ) -> TemplateResponse:
        context = {
            "title": _("Invite %(who)s") % {"who": contact},
            "contact": contact,
            "memberships": contact.memberships.filter(client__in=clients_seen_by(actor(request)))
            .select_related("client")
            .order_by("client__name"),
            "against": against,
            "form": forms.Form(),
            "submit": _("Invite"),
            "back": page_of(contact),
        }
        return self.render(request, "desk/invite.html", context, status)

    def withdraw_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        by = actor(request)
        by.require("routing.withdraw_contact", to="withdraw access to the portal")
        contact = self.seen(request, object_id)
        form = WithdrawForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            withdraw(contact.pk, by=by, at=timezone.now(), reason=form.cleaned_data["reason"])
            messages.success(request, _("%(who)s can no longer sign in.") % {"who": contact})
            return HttpResponseRedirect(page_of(contact))
        context = {
            "title": _("Withdraw access for %(who)s") % {"who": contact},
            "contact": contact,
            "form": form,
            "submit": _("Withdraw access"),
            "danger": True,
            "back": page_of(contact),
        }
        return self.render(request, "desk/withdraw.html", context)

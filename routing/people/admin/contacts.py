"""Contacts at the desk: personal data, which can be erased."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from routing.audit.models import Erasure
from routing.audit.operations.erasure import erase
from routing.cover.operations.portal_access import has_access
from routing.desk.addresses import address, page_of
from routing.desk.base import actor
from routing.desk.forms import long_text
from routing.desk.saved import KeepsInput, Rows, SavedAdmin
from routing.people.admin.memberships import KeepsMemberships
from routing.people.admin.portal_access import PortalAccess
from routing.people.clients import Contact, Membership
from routing.people.operations import save_contact
from routing.work.visibility import clients_seen_by, contacts_seen_by, work_seen_by


class ClientsOfContact(Rows):
    model = Membership
    fields = ("client", "role")
    verbose_name = gettext_lazy("client")
    verbose_name_plural = gettext_lazy("clients")

    def get_queryset(self, request: HttpRequest) -> Any:
        # A contact may belong to a client that this reader does not see.
        return super().get_queryset(request).filter(client__in=clients_seen_by(actor(request)))

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "client":
            kwargs["queryset"] = clients_seen_by(actor(request))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


class ContactForm(KeepsInput, forms.ModelForm[Contact]):
    """
    Form without a reason: a contact has no history that could keep one.
    """


class EraseForm(forms.Form):
    reason = long_text(
        gettext_lazy("Reason"),
        error=gettext_lazy("Enter who asked for this and when."),
        rows=3,
        max_length=200,
    )


@admin.register(Contact)
class ContactAdmin(PortalAccess, KeepsMemberships[Contact], SavedAdmin[Contact]):
    form = ContactForm
    list_display = ("full_name", "address", "of_clients", "portal")
    search_fields = ("full_name", "email")
    search_help_text = gettext_lazy("Name or e-mail")
    fields = ("full_name", "email", "phone", "language")
    inlines = (ClientsOfContact,)
    change_form_outer_before_template = "desk/contact.html"
    empty_title = gettext_lazy("No contacts")
    empty_text = gettext_lazy("Add people at your clients and link them to a client.")

    def get_queryset(self, request: HttpRequest) -> Any:
        return (
            contacts_seen_by(actor(request))
            .filter(erased_at=None)
            .order_by("full_name")
            .select_related("user")
            .prefetch_related(Prefetch("clients", clients_seen_by(actor(request))))
        )

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(self.erase_view)
        return [
            path("<path:object_id>/erase/", page, name="routing_contact_erase"),
            *super().get_urls(),
        ]

    def save_model(self, request: HttpRequest, obj: Contact, form: Any, change: bool) -> None:
        if not change or form.changed_data:
            save_contact(obj, by=actor(request), at=timezone.now())

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        may = actor(request).may("routing.erase_contact")
        more = {
            "erasing": address(Contact, "erase", object_id) if may else "",
            "show_history": False,
            **self.access(request, object_id),
        }
        page: HttpResponse = super().change_view(
            request, object_id, form_url, {**more, **(extra_context or {})}
        )
        return page

    def erase_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show what is erased and what stays, then erase."""
        by = actor(request)
        by.require("routing.erase_contact", to="erase personal data")
        contact = self.seen(request, object_id)
        form = EraseForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            erase(contact.pk, by=by, at=timezone.now(), reason=form.cleaned_data["reason"])
            messages.success(
                request,
                _("Contact erased from present data. The steps that remain are listed below."),
            )
            return HttpResponseRedirect(page_of(Erasure.objects.get(contact=contact)))
        context = {
            "title": _("Erase %(who)s") % {"who": contact},
            "contact": contact,
            # The model of requests is in a package above, which this one does not know.
            "requests": contact.requests.filter(item__in=work_seen_by(by).order_by()).count()
            if hasattr(contact, "requests")
            else 0,
            "form": form,
            "submit": _("Erase permanently"),
            "danger": True,
            "back": page_of(contact),
        }
        return self.render(request, "desk/erase.html", context)

    @admin.display(description=gettext_lazy("e-mail"), ordering="email")
    def address(self, contact: Contact) -> str:
        return contact.readable_email

    @admin.display(description=gettext_lazy("clients"))
    def of_clients(self, contact: Contact) -> str:
        return ", ".join(client.name for client in contact.clients.all())

    @admin.display(description=gettext_lazy("portal"))
    def portal(self, contact: Contact) -> str:
        return str(_("Has access")) if has_access(contact) else str(_("No access"))

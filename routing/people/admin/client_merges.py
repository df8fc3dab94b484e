"""Buttons on a client's page that merge it into another client, and take that back."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from routing.cover.operations.client_merges import (
    CannotMerge,
    merge_client,
    stays_with,
    take_back,
)
from routing.desk.addresses import address, page_of
from routing.desk.base import DeskAdmin, actor
from routing.desk.forms import long_text, picked
from routing.people.clients import Client
from routing.people.merges import TAKE_BACK_WITHIN, ClientMerge
from routing.work.visibility import clients_seen_by


class TakeBackForm(forms.Form):
    reason = long_text(
        gettext_lazy("Reason"), error=gettext_lazy("Enter a reason."), rows=3, max_length=500
    )


class MergeClientForm(TakeBackForm):
    into = picked(
        gettext_lazy("Merge into"),
        Client.objects.none(),
        help_text=gettext_lazy("New work goes to this client."),
    )

    field_order = ("into", "reason")


class MergesClients(DeskAdmin[Client]):
    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("<path:object_id>/merge/", wrap(self.merge_view), name="routing_client_merge"),
            path(
                "<path:object_id>/take-back/",
                wrap(self.take_back_view),
                name="routing_client_take_back",
            ),
            *super().get_urls(),
        ]

    def merging(self, request: HttpRequest, object_id: str) -> dict[str, Any]:
        """Return what the client's page says about merges, and the one step that applies."""
        client, by = self.get_object(request, object_id), actor(request)
        if client is None:
            return {}
        merge = ClientMerge.objects.current().filter(alias=client).select_related("into").first()
        may = by.may("routing.merge_client")
        verb = "take_back" if merge else "merge"
        possible = merge is None or merge.can_be_taken_back(timezone.now())
        return {
            "merge": merge,
            "merge_until": merge.at + TAKE_BACK_WITHIN if merge else None,
            "aliases": ClientMerge.objects.current().filter(into=client).select_related("alias"),
            "merge_step": address(Client, verb, client.pk) if may and possible else "",
        }

    def merge_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show what stays and what changes, then merge."""
        by = actor(request)
        by.require("routing.merge_client", to="merge clients")
        client = self.seen(request, object_id)
        form = MergeClientForm(request.POST or None)
        others = clients_seen_by(by).exclude(pk=client.pk)
        free = others.exclude(merges__in=ClientMerge.objects.current())
        form.fields["into"].queryset = free  # type: ignore[attr-defined]
        if request.method == "POST" and form.is_valid():
            given = form.cleaned_data
            try:
                merge_client(
                    client.pk, given["into"].pk, by=by, at=timezone.now(), reason=given["reason"]
                )
            except CannotMerge as refusal:
                form.add_error("into", str(refusal))
            else:
                messages.success(
                    request,
                    _("From now on, new work for %(alias)s goes to %(into)s.")
                    % {"alias": client, "into": given["into"]},
                )
                return HttpResponseRedirect(page_of(client))
        context = {
            "title": _("Merge %(name)s into another client") % {"name": client},
            "client": client,
            "staying": stays_with(client),
            "days": TAKE_BACK_WITHIN.days,
            "form": form,
            "submit": _("Merge"),
            "danger": True,
            "back": page_of(client),
        }
        return self.render(request, "desk/merge_client.html", context)

    def take_back_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        by = actor(request)
        by.require("routing.merge_client", to="take merges back")
        client = self.seen(request, object_id)
        merge = ClientMerge.objects.current().filter(alias=client).first()
        if merge is None:
            raise Http404
        form = TakeBackForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            try:
                take_back(merge.pk, by=by, at=timezone.now(), reason=form.cleaned_data["reason"])
            except CannotMerge as refusal:
                form.add_error(None, str(refusal))
            else:
                messages.success(
                    request, _("%(name)s is a separate client again.") % {"name": client}
                )
                return HttpResponseRedirect(page_of(client))
        context = {
            "title": _("Take back the merge of %(name)s") % {"name": client},
            "form": form,
            "submit": _("Take back"),
            "back": page_of(client),
        }
        return self.render(request, "desk/form.html", context)

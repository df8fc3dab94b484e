"""Saved views: their list, their form, and the steps of the bar above a list."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
    JsonResponse,
    QueryDict,
)
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldBooleanSwitchWidget

from routing.desk.addresses import address
from routing.desk.base import DeskAdmin, actor
from routing.desk.change_list import VIEW
from routing.desk.filters import WithDefault
from routing.desk.forms import choice, line
from routing.desk.named_lists import UnknownList, named_list, request_of
from routing.desk.opening import ListState, query_of
from routing.desk.operations.views import (
    ViewRefused,
    ViewValues,
    change_view,
    make_view,
    remove_view,
    take_over_view,
)
from routing.desk.pinned import counts_of
from routing.desk.refining import chips_of, in_address
from routing.desk.saved_views import SET_DEFAULT, View, may_change, may_take_over
from routing.kernel.roles import Role
from routing.people.actors import Actor
from routing.people.staff import Team, User
from routing.work.display import NOTHING, badge


class ViewForm(forms.Form):
    """What a person says about a view. Its list and filters are taken from where they stand."""

    name = line(gettext_lazy("Name"), max_length=80)
    team = choice(
        gettext_lazy("Shared with"),
        (),
        required=False,
        help_text=gettext_lazy("Everybody in this team can open it."),
    )
    role = choice(
        gettext_lazy("Default of"),
        (),
        required=False,
        help_text=gettext_lazy("The list opens with this view for everybody who has this role."),
    )
    is_pinned = forms.BooleanField(
        label=gettext_lazy("In the sidebar, with the number of its rows"),
        required=False,
        widget=UnfoldBooleanSwitchWidget(),
    )

    def __init__(self, by: Actor, view: View | None, data: Any = None) -> None:
        known = {
            "name": view.name if view else "",
            "team": view.team_id if view else "",
            "role": view.role if view else "",
            "is_pinned": view.is_pinned if view else True,
        }
        super().__init__(data, initial=known)
        teams = Team.objects.order_by("name")
        if not by.may(SET_DEFAULT):
            own = {*by.team_ids, view.team_id if view else None}
            teams = teams.filter(pk__in=[pk for pk in own if pk])
        fields: Any = self.fields
        alone = [("", _("Nobody: only I see it"))]
        fields["team"].choices = alone + [(str(team.pk), team.name) for team in teams]
        fields["role"].choices = [("", NOTHING), *Role.choices]
        if not by.may(SET_DEFAULT):
            del fields["role"]

    def values(self, view: View | None) -> ViewValues:
        given = self.cleaned_data
        return ViewValues(
            name=given["name"],
            team=int(given["team"]) if given["team"] else None,
            role=given.get("role", view.role if view else ""),
            is_pinned=given["is_pinned"],
        )


class WhoseView(WithDefault):
    title = gettext_lazy("person")
    parameter_name = "whose"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return (("all", _("Mine and shared")), ("mine", _("Mine")), ("left", _("Owner has left")))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "mine":
            return queryset.filter(owner=actor(request).user_id)
        if self.value() == "left":
            return queryset.filter(owner__is_active=False)
        return queryset


@admin.register(View)
class ViewAdmin(DeskAdmin[View]):
    list_display = ("name_link", "list_of", "owner", "shared", "default_of", "sidebar", "edit")
    list_display_links = None
    list_filter = (WhoseView,)
    list_select_related = ("owner", "team")
    search_fields = ("name",)
    search_help_text = gettext_lazy("Name")
    ordering = ("name", "id")
    heading = gettext_lazy("Views")
    empty_title = gettext_lazy("No views")
    empty_text = gettext_lazy("Narrow a list with filters, then choose “Save as view” above it.")

    def get_queryset(self, request: HttpRequest) -> Any:
        return View.objects.seen_by(actor(request)).order_by(*self.ordering)

    def get_urls(self) -> list[URLPattern]:
        steps: dict[str, Callable[..., HttpResponse]] = {
            "keep": self.keep_view,
            "take_over": self.take_over_view,
            "remove": self.remove_view,
        }
        pages = [
            path(
                f"<int:pk>/{name.replace('_', '-')}/",
                self.admin_site.admin_view(page),
                name=f"routing_view_{name}",
            )
            for name, page in steps.items()
        ]
        counts = self.admin_site.admin_view(self.counts_view)
        shown = self.admin_site.admin_view(self.open_view)
        return [
            path("counts/", counts, name="routing_view_counts"),
            path("open/<slug:slug>/", shown, name="routing_view_open"),
            *pages,
            *super().get_urls(),
        ]

    def open_view(self, request: HttpRequest, slug: str) -> HttpResponse:
        """Lead from the lasting address of a view to its list."""
        view = self.get_queryset(request).filter(slug=slug).first()
        if view is None:
            raise Http404
        return HttpResponseRedirect(list_address(view, request))

    def counts_view(self, request: HttpRequest) -> HttpResponse:
        """Return the number of rows of each view in the sidebar, for its badges."""
        actor(request).require("routing.view_view", to="see views")
        return JsonResponse({"counts": counts_of(actor(request), user_of(request))})

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Ask for a name and whom the view is shared with, then save the list of the address."""
        by, given = actor(request), request.GET.get("list", "")
        by.require("routing.add_view", to="save views")
        try:
            page = named_list(given)
        except UnknownList as unknown:
            messages.warning(request, str(unknown))
            return HttpResponseRedirect(address(View, "changelist"))
        query = QueryDict(request.GET.get("query", ""))
        back = f"{address(page.model, 'changelist')}?{in_address(query)}"
        form = ViewForm(by, None, request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            try:
                state = ListState.of_address(page, request, query)
                view = make_view(given, state, form.values(None), by=by, at=timezone.now())
            except ViewRefused as refusal:
                form.add_error(None, str(refusal))
            else:
                messages.success(request, _("Saved the view “%(view)s”.") % {"view": view})
                return HttpResponseRedirect(list_address(view, request))
        context = {
            "title": _("Save as view: %(list)s") % {"list": page.list_title(request)},
            "form": form,
            "submit": _("Save view"),
            "back": back,
        }
        return self.render(request, "desk/form.html", context, status=_status(form))

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        view, by = self.seen(request, object_id), actor(request)
        back = list_address(view, request)
        sent = request.method == "POST"
        if sent and not may_change(view, by):
            raise PermissionDenied(_("Only its owner changes a view."))
        form = ViewForm(by, view, request.POST if sent else None)
        if sent and form.is_valid():
            try:
                change_view(view.pk, form.values(view), by=by, at=timezone.now())
            except ViewRefused as refusal:
                form.add_error(None, str(refusal))
            else:
                messages.success(request, _("Saved."))
                return HttpResponseRedirect(back)
        context = {
            "title": _("View: %(view)s") % {"view": view},
            "original": view,
            "view": view,
            "shown": badge(_("Owner has left"), "warn") if not view.owner.is_active else "",
            "list_title": named_list(view.list_name).list_title(request),
            "chips": self.chips(view, request),
            "open_url": back,
            "form": form if may_change(view, by) else None,
            "submit": _("Save"),
            "back": address(View, "changelist"),
            "remove_url": address(View, "remove", view.pk) if may_change(view, by) else "",
            "take_over_url": address(View, "take_over", view.pk) if may_take_over(view, by) else "",
        }
        return self.render(request, "desk/view.html", context, status=_status(form))

    def chips(self, view: View, request: HttpRequest) -> list[Any]:
        """Return the filters of a view in words."""
        page = named_list(view.list_name)
        if not page.has_view_permission(request):
            return []
        asked = request_of(page, user_of(request), query_of(view, page, request))
        return list(chips_of(page.get_changelist_instance(asked)))

    def keep_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Save the list as it is now under the view."""
        view = self._sent_for(request, pk)
        page = named_list(view.list_name)
        query = QueryDict(request.POST.get("query", ""))
        try:
            state = ListState.of_address(page, request, query)
            view = change_view(view.pk, state=state, by=actor(request), at=timezone.now())
        except ViewRefused as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, _("Saved the view “%(view)s”.") % {"view": view})
        return HttpResponseRedirect(f"{address(page.model, 'changelist')}?{in_address(query)}")

    def take_over_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        view = self._sent_for(request, pk)
        try:
            view = take_over_view(view.pk, by=actor(request), at=timezone.now())
        except ViewRefused as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, _("The view “%(view)s” is yours now.") % {"view": view})
        return HttpResponseRedirect(list_address(view, request))

    def remove_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        view = self._sent_for(request, pk)
        remove_view(view.pk, by=actor(request), at=timezone.now())
        messages.success(request, _("Removed the view “%(view)s”.") % {"view": view})
        return HttpResponseRedirect(address(View, "changelist"))

    def _sent_for(self, request: HttpRequest, pk: int) -> View:
        """
        Return the view of a step.

        :raises PermissionDenied: if the step was not sent by a form
        """
        view = self.seen(request, str(pk))
        if request.method != "POST":
            raise PermissionDenied(_("Use the buttons on the page."))
        return view

    @admin.display(description=gettext_lazy("name"), ordering="name")
    def name_link(self, view: View) -> SafeString:
        return format_html(
            '<a class="tl-link" href="{}">{}</a>', address(View, "open", view.slug), view.name
        )

    @admin.display(description=gettext_lazy("list"), ordering="list_name")
    def list_of(self, view: View) -> str:
        page = named_list(view.list_name)
        return str(page.heading or page.opts.verbose_name_plural).capitalize()

    @admin.display(description=gettext_lazy("shared with"), ordering="team__name")
    def shared(self, view: View) -> Any:
        return view.team or NOTHING

    @admin.display(description=gettext_lazy("default of"), ordering="role")
    def default_of(self, view: View) -> str:
        return str(Role(view.role).label) if view.role else NOTHING

    @admin.display(description=gettext_lazy("sidebar"), ordering="is_pinned")
    def sidebar(self, view: View) -> str:
        return _("Shown") if view.is_pinned else NOTHING

    @admin.display(description=gettext_lazy("details"))
    def edit(self, view: View) -> SafeString:
        return format_html(
            '<a class="tl-link" href="{}">{} <span class="tl-sr">{}</span></a>',
            address(View, "change", view.pk),
            _("Details"),
            view.name,
        )


def list_address(view: View, request: HttpRequest) -> str:
    """Return the address of the list that a view stands for, for this person."""
    page = named_list(view.list_name)
    if not page.has_view_permission(request):
        return f"{address(page.model, 'changelist')}?{VIEW}={view.slug}"
    return f"{address(page.model, 'changelist')}?{in_address(query_of(view, page, request))}"


def user_of(request: HttpRequest) -> User:
    """:raises PermissionDenied: if nobody is signed in"""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def _status(form: forms.Form) -> int:
    return 409 if form.is_bound and form.non_field_errors() else 200

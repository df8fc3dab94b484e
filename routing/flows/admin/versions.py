"""Flow versions at the desk: edit and publish drafts, copy versions or roll back to them."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from routing.desk.addresses import address, page_of
from routing.desk.base import ModelT, actor
from routing.desk.forms import choice
from routing.desk.lists import LineList
from routing.desk.saved import SavedAdmin, SavedForm, refuse
from routing.flows.admin.reason_form import ReasonForm
from routing.flows.admin.trying import Trying
from routing.flows.admin.version_parts import (
    ActionsOfVersion,
    FieldsOfVersion,
    PartOfVersion,
    RulesOfVersion,
    TriggersOfVersion,
    is_editable,
    scope_on,
    version_of,
)
from routing.flows.approval import PublishApproval
from routing.flows.approving import record_edit
from routing.flows.checklist import (
    ANSWER,
    CheckedLine,
    answer_line,
    checklist_of,
    open_words,
    read_outside,
)
from routing.flows.editors import EditScope, edit_scope
from routing.flows.fact_labels import (
    SeveralFacts,
    labels_for,
    labels_of_change,
    with_names,
)
from routing.flows.files.stored import content_of
from routing.flows.files.text import written
from routing.flows.files.words import changes_in_words
from routing.flows.flow_people import PUBLISH
from routing.flows.lint import lint_findings
from routing.flows.models import FlowVersion, live_of
from routing.flows.operations import (
    NotPublishable,
    SecondPersonNeeded,
    copy,
    faults,
    publish,
    roll_back,
)
from routing.flows.second_person import (
    DraftStanding,
    authors_of,
    names_of,
    seconds_of,
    standing_of,
    why_two,
)
from routing.people.actors import Actor
from routing.sla.policies import SLAPolicy
from routing.work.display import badge, exact, when

ASK = gettext_lazy("Ask for approval")


def _edits(by: Actor, version: FlowVersion) -> bool:
    return bool(edit_scope(by, version.flow_id))


def _publishes(by: Actor, version: FlowVersion) -> bool:
    return by.may(PUBLISH)


May = Callable[[Actor, FlowVersion], bool]
Verb = tuple[Callable[..., FlowVersion], May, Any, Any]
VERBS: dict[str, Verb] = {  # operation, who may, label, message
    "publish": (
        publish,
        _edits,
        gettext_lazy("Publish"),
        gettext_lazy("%(version)s is live. New runs use it."),
    ),
    "copy": (
        copy,
        _edits,
        gettext_lazy("Copy to new draft"),
        gettext_lazy("Created draft %(version)s."),
    ),
    "roll_back": (
        roll_back,
        _publishes,
        gettext_lazy("Roll back to this version"),
        gettext_lazy(
            "Rolled back. %(version)s, a copy of the older version, is live. Existing runs keep "
            "their version."
        ),
    ),
}


def label_of(verb: str, standing: DraftStanding | None) -> Any:
    """Return the label of a step: publishing what needs two people is asking the second one."""
    asks = verb == "publish" and standing is not None and standing.needs_second
    return ASK if asks else VERBS[verb][2]


class FrozenWhenPublished(SavedAdmin[ModelT]):
    """
    Parts of a flow version, editable while it is a draft.

    The database refuses edits afterwards. ``changed_by`` is how much of a draft somebody must be
    able to edit to change such a row.
    """

    changed_by = EditScope.EVERYTHING

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if obj is None:
            return bool(super().has_change_permission(request))
        return self.is_in_scope(request, obj) and is_editable(request, obj)

    def is_in_scope(self, request: HttpRequest, obj: Any) -> bool:
        """Return whether the reader may change such a row of this flow while it is a draft."""
        return scope_on(request, obj) >= self.changed_by

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        refused = self.published_meanwhile(request, object_id)
        if refused:
            refuse(request, refused)
        page = super().changeform_view(request, object_id, form_url, extra_context)
        if refused:
            page.status_code = HTTPStatus.FORBIDDEN
        return page

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        # Held before any of its rows: two people who save rows of one draft would each hold a share
        # of it, and wait for each other when their edits are noted.
        draft = FlowVersion.objects.filter(pk=version_of(obj).pk)
        list(draft.select_for_update(of=("self",)).values_list("pk", flat=True))
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Save the rows, and note who edited the draft: the author of any part of it is known."""
        super().save_related(request, form, formsets, change)
        if not any(each.has_changed() for each in (form, *formsets)):
            return
        record_edit(
            version_of(form.instance),
            by=actor(request),
            at=timezone.now(),
            reason=form.cleaned_data.get("reason", ""),
            noted=isinstance(form.instance, FlowVersion) and form.has_changed(),
        )

    def published_meanwhile(self, request: HttpRequest, object_id: str | None) -> str:
        """
        Return who published the version that this form would change, and what to do with the input.

        Empty for a draft, and for people who may not change flows at all.
        """
        row = self.get_object(request, object_id) if object_id else None
        if request.method != "POST" or row is None or not self.is_in_scope(request, row):
            return ""
        version = version_of(row)
        if version.published_at is None:
            return ""
        return _(
            "Not saved. %(who)s published this version on %(when)s. Copy it to a new draft and "
            "enter your changes there."
        ) % {"who": version.published_by, "when": exact(version.published_at)}

    def refusal_because(self, request: HttpRequest, error: IntegrityError | ValidationError) -> str:
        # The form was read before somebody else published the version.
        object_id = request.resolver_match.kwargs["object_id"]  # type: ignore[union-attr]
        return self.published_meanwhile(request, object_id) or super().refusal_because(
            request, error
        )


_parts: list[type[PartOfVersion]] = []


def part_of_version(part: type[PartOfVersion]) -> type[PartOfVersion]:
    """
    Register rows that a package above stores with a flow version, to show them on its page.
    """
    _parts.append(part)
    return part


TEXTS = {"title", "template"}
NO_TEXTS = ("policy", "rollback_to")  # what whoever may edit only rules and texts leaves alone
BRACES = gettext_lazy(
    "A fact in braces is replaced by its value. Enter its label, such as {Client}."
)


class VersionForm(SavedForm):
    criteria = LineList(
        label=gettext_lazy("Success criteria"),
        help_text=FlowVersion._meta.get_field("criteria").help_text,
    )
    only_texts = False  # replaced for each page

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "rollback_to" in self.fields:  # not on a page that only shows the version
            published = FlowVersion.objects.filter(
                flow=self.instance.flow_id, published_at__isnull=False
            )
            self.fields["rollback_to"].queryset = published  # type: ignore[attr-defined]
            for name in TEXTS:
                self.fields[name].help_text = BRACES
            for name in NO_TEXTS:
                self.fields[name].disabled = self.only_texts

    def clean(self) -> dict[str, Any]:
        """Replace labels of facts in braces by their names."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        labels = labels_for(self.instance)
        for name in TEXTS & cleaned.keys():
            try:
                cleaned[name] = with_names(cleaned[name], *labels)
            except SeveralFacts as several:
                self.add_error(name, str(several))
        return cleaned


@admin.register(FlowVersion)
class FlowVersionAdmin(Trying, FrozenWhenPublished[FlowVersion]):
    list_display = ("__str__", "status", "published", "published_by", "copied_from")
    list_select_related = ("flow", "published_by", "copied_from__flow")
    list_filter = ("flow",)
    form = VersionForm
    changed_by = EditScope.RULES
    fields = ("title", "policy", "template", "criteria", "rollback_to", "reason")
    inlines = (TriggersOfVersion, FieldsOfVersion, RulesOfVersion, ActionsOfVersion)
    change_form_outer_before_template = "desk/version.html"
    empty_title = gettext_lazy("No versions")
    empty_text = gettext_lazy("Open a flow and create a draft there.")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("flow", "published_by")

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(self.verb_view)
        return [
            path("<path:object_id>/do/<slug:verb>/", page, name="routing_flowversion_do"),
            path(
                "<path:object_id>/file/",
                self.admin_site.admin_view(self.file_view),
                name="routing_flowversion_file",
            ),
            path(
                "<path:object_id>/checklist/<slug:line>/",
                self.admin_site.admin_view(self.answer_view),
                name="routing_flowversion_answer",
            ),
            *super().get_urls(),
        ]

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        return [*self.inlines, *_parts]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        # A page that cannot be saved does not ask for a reason.
        return self.fields if self.has_change_permission(request, obj) else self.fields[:-1]

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> type[forms.ModelForm[Any]]:
        form: Any = super().get_form(request, obj, change, **kwargs)
        form.only_texts = scope_on(request, obj) < EditScope.EVERYTHING
        made: type[forms.ModelForm[Any]] = form
        return made

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "policy":
            known = [(policy.slug, policy.name) for policy in SLAPolicy.objects.all()]
            return choice(gettext_lazy("SLA policy"), known)
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        version = self.get_object(request, object_id)
        more = self.around(request, version) if version else {}
        page: HttpResponse = super().change_view(
            request, object_id, form_url, more | (extra_context or {})
        )
        return page

    def response_change(self, request: HttpRequest, obj: FlowVersion) -> HttpResponse:
        """Go back to the page of the draft: it says what is still to be done."""
        if "_continue" in request.POST:
            answer: HttpResponse = super().response_change(request, obj)
            return answer
        messages.success(request, _("Saved %(draft)s.") % {"draft": obj})
        return HttpResponseRedirect(page_of(obj))

    def around(self, request: HttpRequest, version: FlowVersion) -> dict[str, Any]:
        """Return the context for the page above the form."""
        draft, by = version.published_at is None, actor(request)
        found = faults(version) if draft else []
        standing = standing_of(version) if draft else None
        live = standing.live if standing else live_of(version.flow_id)
        waiting = _waiting(version) if draft else None
        checklist = _checklist(version, by) if draft else []
        ready = draft and not found and waiting is None
        missing = open_words(version, [line for line, _url in checklist]) if ready else []
        offered = {
            "copy": True,
            "publish": ready and not missing,
            "roll_back": not draft and live != version,
        }
        asks = standing is not None and standing.needs_second
        return {
            **_agreeing(version, waiting, by),
            "checklist": checklist,
            "missing": missing if _edits(by, version) else [],
            "publishing": label_of("publish", standing),
            "standing": standing,
            "why_two": why_two(version, standing) if standing and asks else "",
            "version": version,
            "draft": draft,
            "faults": found,
            # A finding that is a fault too is told once.
            "findings": [
                each
                for each in (lint_findings(version) if draft else ())
                if each.message not in found
            ],
            "live": live,
            "is_live": live == version,
            "changes": changes_in_words(standing.changes, labels_of_change(version, standing.live))
            if standing and live
            else [],
            "file_url": address(FlowVersion, "file", version.pk),
            "try_url": address(FlowVersion, "try", version.pk) if _edits(by, version) else "",
            "steps": [
                (
                    label_of(verb, standing),
                    address(FlowVersion, "do", version.pk, verb),
                    verb != "copy",
                )
                for verb, (_operation, may, _label, _said) in VERBS.items()
                if offered[verb] and may(by, version)
            ],
            "flow_url": page_of(version.flow),
        }

    def verb_view(self, request: HttpRequest, object_id: str, verb: str) -> HttpResponse:
        """Ask for a reason, then publish, copy or roll back by POST."""
        version = self.seen(request, object_id)
        if verb not in VERBS:
            raise Http404
        operation, may, _label, said = VERBS[verb]
        label = label_of(verb, standing_of(version) if version.published_at is None else None)
        by = actor(request)
        if not may(by, version):
            raise PermissionDenied(f"{by.name} may not do this with {version}.")
        form, wrong = ReasonForm(request.POST or None), []
        if request.method == "POST" and form.is_valid():
            try:
                made = operation(
                    version, by=by, at=timezone.now(), reason=form.cleaned_data["reason"]
                )
            except NotPublishable as refusal:
                wrong = refusal.faults
            except SecondPersonNeeded as needed:
                if needed.asked is not None:
                    messages.success(request, needed.message)
                    return HttpResponseRedirect(page_of(needed.asked))
                wrong = [needed.message]
            else:
                messages.success(request, said % {"version": made})
                return HttpResponseRedirect(page_of(made))
        title = _("%(step)s: %(version)s") % {"step": label, "version": version}
        context = {
            "title": title,
            "form": form,
            "submit": label,
            "back": page_of(version),
            "faults": wrong,
            "findings": lint_findings(version) if verb != "copy" else [],
        }
        return self.render(request, "desk/version_step.html", context, status=409 if wrong else 200)

    def answer_view(self, request: HttpRequest, object_id: str, line: str) -> HttpResponse:
        """Ask what a person looked at, and keep the answer to a line of the checklist."""
        version, by, now = self.seen(request, object_id), actor(request), timezone.now()
        by.require(ANSWER, to=_("answer the checklist of flows"))
        known = {each.code: each for each in checklist_of(version, now) if each.asks_person}
        if line not in known or version.published_at is not None:
            raise Http404
        form = ReasonForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            answer_line(version, line, by=by, at=now, note=form.cleaned_data["reason"])
            messages.success(request, _("Answered “%(line)s”.") % {"line": known[line].label})
            return HttpResponseRedirect(f"{page_of(version)}#checklist")
        form.fields["reason"].label = _("What did you look at?")
        context = {
            "title": _("%(step)s: %(version)s") % {"step": known[line].label, "version": version},
            "form": form,
            "submit": _("Answer yes"),
            "back": page_of(version),
            "question": known[line].look.because,
        }
        return self.render(request, "desk/version_step.html", context)

    def file_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Send the version as a file, for a review or another product."""
        version = self.seen(request, object_id)
        response = HttpResponse(written(content_of(version)), "application/yaml; charset=utf-8")
        name = f"{version.flow.slug}-v{version.number}.yaml"
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        return response

    @admin.display(description=gettext_lazy("status"), ordering="published_at")
    def status(self, version: FlowVersion) -> str:
        if version.published_at is None:
            return badge(_("Draft"), "info")
        return badge(_("Published"), "good")

    @admin.display(description=gettext_lazy("published"), ordering="published_at")
    def published(self, version: FlowVersion) -> Any:
        return when(version.published_at)


def _checklist(version: FlowVersion, by: Actor) -> list[tuple[CheckedLine, str]]:
    """Return the lines of the checklist, each with the address to answer it, if this person may."""
    may = by.may(ANSWER)
    read_outside(version)
    return [
        (each, address(FlowVersion, "answer", version.pk, each.code))
        if may and each.asks_person
        else (each, "")
        for each in checklist_of(version, timezone.now())
    ]


def _waiting(version: FlowVersion) -> PublishApproval | None:
    """Return the request about a draft that waits for a second person, or None."""
    rows = version.publish_approvals.filter(state=PublishApproval.State.PENDING)
    return rows.select_related("item", "asked_by").first()


def _agreeing(version: FlowVersion, waiting: PublishApproval | None, by: Actor) -> dict[str, Any]:
    """Return who can agree to a draft, with the request that waits for them."""
    if version.published_at is not None:
        return {}
    asker = waiting.asked_by_id if waiting else by.user_id
    seconds = seconds_of(version, but={*authors_of(version), asker})
    return {
        "request_row": waiting,
        "request_url": page_of(waiting) if waiting else "",
        "agree": names_of(seconds),
    }

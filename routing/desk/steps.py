"""Pages of work whose state only operations change: they show it and offer steps, not a form."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from secrets import token_urlsafe
from typing import Any, TypeVar

from django.contrib import messages
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied, ValidationError
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _

from routing.desk.addresses import address, list_query, page_of
from routing.desk.base import actor
from routing.desk.bulk import BulkSteps
from routing.desk.form_tokens import claim_form
from routing.desk.forms import StepForm, form_of
from routing.desk.notes import NoteForm, notes_of
from routing.desk.offers import PageFacts, panel, refusals, steps_of, target, target_state
from routing.desk.timeline import timeline_of
from routing.desk.waits import status_line, whose_turn_in_text, with_waits
from routing.messages.models import Notification
from routing.work.display import exact
from routing.work.door import Operation
from routing.work.foresight import consequences
from routing.work.gates import GateResult
from routing.work.items import WorkItem, WorkNoun

READS = {"GET", "HEAD"}
MOVED_ON = {"state", "open", "overtaken"}  # refusals after which the steps of the page have changed
NounT = TypeVar("NounT", bound=WorkNoun)


class StepsAdmin(BulkSteps[NounT]):
    """
    The pages of one kind of work: its facts, the next steps and a timeline.

    Every change is a POST to a step. The operation behind it checks permission, gates and state
    again, whatever button was shown.
    """

    noun_template = "desk/noun.html"
    tells_of_parts = False  # include the parts of the work in the timeline
    onward: tuple[str, ...] = ()  # see ``offers.panel``
    # Relations that the page shows.
    page_related: tuple[str, ...] = ("item__client", "item__owner", "item__backup", "item__doer")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # there is no form to save, and each step has its own permission

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(self.step_view)
        name = f"{self.opts.app_label}_{self.opts.model_name}_step"
        note = path(
            "<path:object_id>/note/",
            self.admin_site.admin_view(self.note_view),
            name=name.removesuffix("step") + "note",
        )
        return [
            note,
            path("<path:object_id>/step/<slug:verb>/", page, name=name),
            *super().get_urls(),
        ]

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> NounT | None:
        try:
            rows = self.get_queryset(request).select_related(*self.page_related)
            rows = with_waits(rows, actor(request))
            found: NounT = rows.get(pk=self.opts.pk.to_python(object_id))
        except (ObjectDoesNotExist, ValidationError):
            return None
        return found

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        if request.method not in READS:
            raise PermissionDenied(_("Use the steps on the page to change this."))
        return self.noun_page(request, self.seen(request, object_id), extra_context or {})

    def noun_page(
        self, request: HttpRequest, row: Any, extra: dict[str, Any], status: int = 200
    ) -> HttpResponse:
        by, notes = actor(request), notes_of(row.item)
        known = PageFacts(by, timezone.now())
        self.share(row, known)
        context = {
            "panel": panel(row, known, onward=self.onward),
            "facts": self.facts(request, row),
            "texts": self.texts(row),
            "entries": timeline_of(row, notes=notes, with_parts=self.tells_of_parts),
            "notes": notes,
            "note_form": NoteForm() if by.may("routing.add_note") else None,
            "note_url": address(self.model, "note", row.pk),
            "note_token": token_urlsafe(16),
            **self.beside(request, row, known),
            **extra,
        }
        return self.page(request, self.noun_template, row, context, status)

    def note_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """
        Write a note, once however often the form is sent. If it is refused, show the page with the
        text that was typed.
        """
        row, by = self.seen(request, object_id), actor(request)
        by.require("routing.add_note", to=_("write notes"))
        if request.method != "POST":
            return HttpResponseRedirect(own_page(row, request))
        form = NoteForm(request.POST, request.FILES)
        with claim_form(request, f"note-{row.item.pk}") as sent:
            if sent.before:
                return HttpResponseRedirect(own_page(row, request))
            note = form.save(row.item, by=by, at=timezone.now())
            if note is None:
                return self.noun_page(
                    request, row, {"note_form": form, "note_token": sent.token}, status=422
                )
            sent.leads_to(page_of(row))
        messages.success(request, _("Note added."))
        return HttpResponseRedirect(f"{own_page(row, request)}#note-{note.pk}")

    def share(self, row: Any, known: PageFacts) -> None:
        """Name the facts of gates that are made from what the page shows; see ``PageFacts``."""

    def beside(self, request: HttpRequest, row: Any, known: PageFacts) -> dict[str, Any]:
        """Return further context for the template. ``known`` has the facts of the gates."""
        return {}

    def facts(self, request: HttpRequest, row: Any) -> Sequence[tuple[Any, Any]]:
        """Return labels and values of the most important facts."""
        return ()

    def texts(self, row: Any) -> Sequence[tuple[Any, str]]:
        """Return headings and texts."""
        return ()

    def page(
        self,
        request: HttpRequest,
        template: str,
        row: Any,
        context: dict[str, Any],
        status: int = 200,
    ) -> TemplateResponse:
        shared = {"title": str(row), "original": row, "item": row.item}
        shared["back"] = own_page(row, request)
        if template == self.noun_template:
            shared["waits"] = status_line(row, actor(request), timezone.now())
        return self.render(request, template, shared | context, status)

    def step_view(self, request: HttpRequest, object_id: str, verb: str) -> HttpResponse:
        row = self.seen(request, object_id)
        step = steps_of(self.model).get(verb)
        if step is None:
            raise Http404
        by = actor(request)
        by.require(step.permission, to=str(step.label).lower())
        about = target(step, row)
        if request.method in READS:
            # The refusals are shown with the empty form, before anybody types into it.
            form = form_of(step)(step, [about], by)
            return self.ask(
                request, row, step, form, refusals(step, about, by=by, at=timezone.now())
            )
        form = form_of(step)(step, [about], by, request.POST, request.FILES)
        if not form.is_valid():
            return self.ask(request, row, step, form, ())
        at = timezone.now()
        [result] = step([about.pk], by=by, at=at, reason=form.reason, details=form.as_details())
        if not result.done and MOVED_ON & {refusal.code for refusal in result.refusals}:
            return self.moved_on(request, object_id, step, form, result.refusals)
        if not result.done:
            return self.ask(request, row, step, form, result.refusals, status=409)
        self.say(request, step, row, at)
        if more := form.done_message(result.row):
            messages.info(request, more)
        after = self.after(row)
        own = after == page_of(row)
        return HttpResponseRedirect(own_page(row, request) if own else after)

    def say(self, request: HttpRequest, step: Operation[Any], row: Any, at: datetime) -> None:
        """
        Say what a step led to, what comes next and who was notified.

        :param row: the row before the step
        :param at: the instant of the step
        """
        after: Any = self.get_object(request, str(row.pk))
        if after is None:  # such as work that was handed to another team
            words = _("%(ref)s: %(step)s done. You no longer see this work.")
            messages.success(request, words % {"ref": row.item.ref, "step": step.label})
            return
        if otherwise := self.otherwise(step, [after]).get(after.pk):
            messages.warning(request, f"{row.item.ref}: {otherwise}")
            return
        said = [_("%(ref)s: %(step)s done.") % {"ref": row.item.ref, "step": step.label}]
        if after.state != row.state:
            said.append(_("It is now “%(state)s”.") % {"state": after.get_state_display()})
        said += [*self.next_words(request, after), *_notified(after.item, at)]
        messages.success(request, " ".join(said))

    def next_words(self, request: HttpRequest, row: Any) -> Sequence[str]:
        """Return what comes next for a row, as sentences."""
        by, now = actor(request), timezone.now()
        line = status_line(row, by, now)
        if line is not None and line.is_mine:
            offered = panel(row, PageFacts(by, now), onward=self.onward).first
            if offered is not None:
                return [_("Next: %(step)s.") % {"step": offered.step.label}]
        if said := whose_turn_in_text(row, by, now):
            return [said]
        return [] if row.item.is_open else [_("Nothing is left to do.")]

    def moved_on(
        self,
        request: HttpRequest,
        object_id: str,
        step: Operation[Any],
        form: StepForm,
        against: Sequence[GateResult],
    ) -> HttpResponse:
        """
        Show the page as it is now, after a step from a page that is no longer true: what happened
        meanwhile, by whom, and what was entered.
        """
        row = self.seen(request, object_id)
        said = [
            _("%(step)s: This was refused. Nothing has changed.") % {"step": step.label},
            *(str(refusal.message) for refusal in against),
            *latest_change(row),
            _("The page shows what is possible now."),
        ]
        if form.reason:
            said.append(_("You entered: “%(text)s”") % {"text": form.reason})
        messages.error(request, " ".join(said))
        return self.noun_page(request, row, {}, status=409)

    def after(self, row: Any) -> str:
        """Return the page to open once a step is done."""
        return page_of(row)

    def ask(
        self,
        request: HttpRequest,
        row: Any,
        step: Operation[Any],
        form: StepForm,
        against: Sequence[GateResult],
        status: int = 200,
    ) -> TemplateResponse:
        """Show the page of a step: its form with what was typed, and the refusals."""
        context = {
            "title": _("%(step)s: %(row)s") % {"step": step.label, "row": row},
            "step": step,
            "form": form,
            "against": against,
            "tried": request.method not in READS,
            # After a submission the form stays open, because a refusal may be about its fields.
            "open": request.method not in READS or not against,
            "goal": target_state(step, target(step, row)),
            "latest": latest_change(row) if MOVED_ON & {each.code for each in against} else (),
            "consequences": [] if against else consequences(step, [target(step, row)]),
        }
        return self.page(request, "desk/step.html", row, context, status)


def own_page(row: Any, request: HttpRequest) -> str:
    """Return the page of a row, from which one finds back to the list that led to it."""
    return page_of(row) + list_query(request)


def _notified(item: WorkItem, at: datetime) -> Sequence[str]:
    """Return who was notified of a step on the item, on its parts or on what it is a part of."""
    near = Q(item=item.pk) | Q(item__parent=item.pk)
    if item.parent_id is not None:
        near |= Q(item=item.parent_id)
    told = Notification.objects.filter(near, at=at).order_by("pk")
    names = dict.fromkeys(told.values_list("recipient__full_name", flat=True))
    return [_("Notified: %(people)s.") % {"people": ", ".join(names)}] if names else []


def latest_change(row: Any) -> Sequence[str]:
    """Return the newest change of state of a row as a sentence, or nothing if there is none."""
    entries = timeline_of(row)
    for entry in [*(each for each in entries if each.way), *entries[:1]]:
        way = f" ({entry.way})" if entry.way else ""
        return [f"{entry.what}{way}, {exact(entry.at)}."]
    return []

"""Reviews of flows at the desk: the sample, the questions with their measures, and the answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from routing.desk import filters
from routing.desk.addresses import address, page_of
from routing.desk.base import actor
from routing.desk.columns import WorkColumns
from routing.desk.offers import PageFacts
from routing.desk.steps import READS, StepsAdmin, own_page
from routing.figures.of_reviews import BeforeAndAfter, QuestionMeasure, measures_of, spans_of
from routing.figures.shown import shown
from routing.flows.admin.review_form import AskedQuestion, asked_questions, save_answers
from routing.flows.review import FlowReview, ReviewSample
from routing.flows.review_questions import QUESTION_OF
from routing.flows.reviewing import ANSWER_REVIEW, answers_of, is_reviewer, reviews_seen_by
from routing.people.actors import Actor
from routing.runs.models import Run
from routing.work import display
from routing.work.kinds import state_badge, tone
from routing.work.visibility import work_seen_by

tone(FlowReview, open="info", closed="good")
MOST_REVIEWS = 10  # on the page of a flow


@admin.register(FlowReview)
class FlowReviewAdmin(WorkColumns, StepsAdmin[FlowReview]):
    list_display = ("what", "state_name", "flow", "cause", "owner", "waits", "due_at", "age")
    list_filter = (
        filters.Openness,
        filters.AnybodysFirst,
        "cause",
        ("state", admin.ChoicesFieldListFilter),
        "flow",
    )
    search_fields = ("item__ref", "item__title", "flow__name")
    search_help_text = gettext_lazy("Reference or flow")
    ordering = ("-pk",)
    noun_template = "desk/flow_review.html"
    onward = ("close",)
    page_related = (
        *StepsAdmin.page_related,
        "flow__owner",
        "flow__backup",
        "version__flow",
        "version__rollback_to__flow",
    )
    empty_title = gettext_lazy("No flow reviews")
    empty_text = gettext_lazy(
        "Seven days after a publication, and at the review date of a flow, its policy owner finds "
        "a prepared review here."
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        seen = work_seen_by(actor(request)).order_by()
        related = ("item__client", "item__owner", "flow")
        return super().get_queryset(request).filter(item__in=seen).select_related(*related)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # a job prepares them, or a command draws one

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(self.answers_view)
        return [
            path("<path:object_id>/answers/", page, name="routing_flowreview_answers"),
            *super().get_urls(),
        ]

    def answers_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Save answers, or show the page again with what was sent and what is wrong with it."""
        row, by = self.seen(request, object_id), actor(request)
        if request.method in READS:
            return HttpResponseRedirect(own_page(row, request))
        by.require(ANSWER_REVIEW, to=_("answer reviews of flows"))
        asked = asked_questions(row, answers_of([row])[row.pk], request.POST)
        saved = save_answers(row, asked, by=by, at=timezone.now())
        if saved is None:
            request.asked = asked  # type: ignore[attr-defined]  # the page shows what was sent
            return self.noun_page(request, row, {}, status=422)
        words = ngettext("%(n)s answer saved.", "%(n)s answers saved.", saved) % {"n": saved}
        messages.success(request, words)
        return HttpResponseRedirect(own_page(row, request))

    def beside(self, request: HttpRequest, row: FlowReview, known: PageFacts) -> dict[str, Any]:
        by = actor(request)
        sample = list(
            ReviewSample.objects.filter(review=row, seed=row.seed).select_related("item__client")
        )
        seen = set(
            work_seen_by(by)
            .filter(pk__in=[each.item_id for each in sample])
            .values_list("pk", flat=True)
        )
        mine = [each for each in sample if each.item_id in seen]
        runs = dict(Run.objects.filter(item__in=seen).values_list("item_id", "pk"))
        asked = getattr(request, "asked", None) or asked_questions(row, answers_of([row])[row.pk])
        before, after = spans_of(row)
        return {
            "sample": [(each, address(Run, "change", runs[each.item_id])) for each in mine],
            "hidden": len(sample) - len(mine),
            "criteria": row.version.criteria,
            "before": before,
            "after": after,
            **self.asking(request, row, asked),
        }

    def asking(
        self, request: HttpRequest, row: FlowReview, asked: Sequence[AskedQuestion]
    ) -> dict[str, Any]:
        by = actor(request)
        measures = measures_of(row, by)
        may = row.is_open and by.may(ANSWER_REVIEW) and is_reviewer(row, by)
        return {
            "questions": [
                _question(each, measures[each.question.key], may_answer=may) for each in asked
            ],
            "has_errors": any(each.form.errors for each in asked if each.form.is_bound),
            "may_answer": may,
            "answers_url": address(FlowReview, "answers", row.pk),
        }

    def facts(self, request: HttpRequest, row: FlowReview) -> Sequence[tuple[Any, Any]]:
        item, now = row.item, timezone.now()
        return [
            (
                _("State"),
                format_html("{} {}", state_badge(item.kind, row.state), display.hold(item)),
            ),
            (_("Flow"), _linked(row.flow)),
            (_("Version"), _linked(row.version)),
            (_("Cause"), row.get_cause_display()),
            (_("Owner"), item.owner or display.NOTHING),
            (_("Backup"), item.backup or display.NOTHING),
            (_("Prepared"), display.when(item.created_at, now)),
            (_("Due"), display.when(row.due_at, now)),
            (_("Seed of the sample"), row.seed),
            (_("Digest of the criteria"), format_html("<code>{}</code>", row.criteria_digest[:16])),
        ]


def reviews_of_flow(flow_id: int, by: Actor) -> list[tuple[Any, ...]]:
    """
    Return the newest reviews of a flow that the actor may see: each with its badge, its page, and
    what was answered with “no”.
    """
    if not by.may("routing.view_flowreview"):
        return []
    rows = reviews_seen_by(by).filter(flow=flow_id).select_related("item").order_by("-pk")
    newest = list(rows[:MOST_REVIEWS])
    given, found = answers_of(newest), []
    for row in newest:
        mine = given[row.pk]
        noes = [
            (QUESTION_OF[key].words, answer)
            for key, answer in mine.items()
            if key in QUESTION_OF and not answer.is_yes
        ]
        found.append((row, state_badge(row.item.kind, row.state), page_of(row), noes))
    return found


def _linked(row: Any) -> Any:
    return format_html('<a class="tl-link" href="{}">{}</a>', page_of(row), row)


def _question(each: AskedQuestion, measure: QuestionMeasure, *, may_answer: bool) -> dict[str, Any]:
    return {
        "key": each.question.key,
        "words": each.question.words,
        "form": each.form if may_answer else None,
        "given": each.given,
        "measure": measure.words,
        "figures": [_line(figure) for figure in measure.figures],
    }


def _line(each: BeforeAndAfter) -> dict[str, Any]:
    was, now = each.before, each.after
    return {
        "title": each.figure.title,
        "before": shown(was.value, was.unit) if was else "",
        "before_why": was.why_null if was else "",
        "before_url": was.rows_url if was and was.n else "",
        "after": shown(now.value, now.unit),
        "after_why": now.why_null,
        "after_url": now.rows_url if now.n else "",
    }

"""Deliverables at the desk: a list, and a page for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib import admin
from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from delivery.approvals.admin.review_results import (
    ApprovalAnswers,
    CheckStatus,
    checks_of,
    returned_version,
    what_to_change,
)
from delivery.approvals.admin.shared_reviews import reviews, share_reviews
from delivery.approvals.models import Approval
from delivery.campaigns.admin.filters import OF_REQUEST
from delivery.checks import operations as checks
from delivery.deliverables.admin.version_pages import VersionPages
from delivery.deliverables.channels import is_by_hand
from delivery.deliverables.models import Deliverable
from delivery.engagements.money import money
from routing.desk import filters
from routing.desk.addresses import address, page_of
from routing.desk.base import actor
from routing.desk.columns import WorkColumns
from routing.desk.day_filters import WhenDue
from routing.desk.found_filters import OfBackup, OfClient, OfOwner, OfTeam
from routing.desk.offers import PageFacts, panel
from routing.desk.several import several
from routing.desk.steps import StepsAdmin
from routing.people.actors import Actor
from routing.work import display
from routing.work.door import Operation
from routing.work.files import File
from routing.work.files_view import address_of as file_address
from routing.work.gates import Words
from routing.work.items import soonest
from routing.work.kinds import state_badge, tone
from routing.work.visibility import work_seen_by

MOST_VERSIONS = 50
CHECKED = {"submit", "run_checks", "sign_off"}  # verbs whose results the checks decide

tone(
    Deliverable,
    in_production="info",
    in_qa="info",
    rework="warn",
    in_internal_review="info",
    in_client_review="info",
    approved="good",
    publishing="info",
    publish_failed="bad",
    live="good",
    handed_over="good",
)


class NeedsMySignature(SimpleListFilter):
    title = gettext_lazy("review")
    parameter_name = "sign"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        if not actor(request).may("delivery.sign_off_deliverable"):
            return ()
        return (("mine", gettext_lazy("Needs my sign-off")),)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() != "mine":
            return queryset
        return checks.awaiting_signature(queryset, by=actor(request))


@admin.register(Deliverable)
class DeliverableAdmin(WorkColumns, VersionPages, StepsAdmin[Deliverable]):
    list_display = ("what", "client", "state_name", "newest", "waits", "owner", "doer", "due_at")
    list_filter = (
        filters.Openness,
        filters.AnybodysFirst,
        NeedsMySignature,
        several("state"),
        filters.WaitsFor,
        filters.WaitingOn,
        OfClient,
        WhenDue,
        OfOwner,
        OfBackup,
        OfTeam,
        *OF_REQUEST,
    )
    search_fields = (
        "item__ref",
        "item__title",
        "request__item__ref",
        "item__client__code",
        "item__client__name",
    )
    search_help_text = gettext_lazy("Reference of the deliverable or its request, title or client")
    ordering = (soonest("item__"), "item_id")
    noun_template = "desk/deliverable.html"
    tells_of_parts = True
    onward = (
        *("submit", "start", "upload", "sign_off", "ask_client", "publish", "launch_by_hand"),
        "hand_out",
    )
    page_related = (
        *StepsAdmin.page_related,
        "version__author",
        "reworked",
        "request__item",
        "brief__item",
        "brief__engagement",
        "destination",
        "replaces__item",
    )
    bulk_steps = (
        "assign",
        "edit",
        "start",
        "submit",
        "run_checks",
        "ask_client",
        "publish",
        "hand_out",
        "cancel",
        "hold",
        "resume",
        "hand_over",
    )
    empty_title = gettext_lazy("No deliverables")
    empty_text = gettext_lazy(
        "Deliverables are created when a brief is approved. Reset the filters to see ended ones."
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        seen = work_seen_by(actor(request)).order_by()
        related = ("item__client", "item__owner", "item__doer", "version")
        return super().get_queryset(request).filter(item__in=seen).select_related(*related)

    def has_add_permission(self, request: HttpRequest) -> bool:
        # Only an approved brief creates deliverables, so that none exists without a budget.
        return False

    def share(self, row: Deliverable, known: PageFacts) -> None:
        share_reviews(row, known)

    def beside(self, request: HttpRequest, row: Deliverable, known: PageFacts) -> dict[str, Any]:
        approvals = known.of(reviews, [row])[row.pk]
        reviewed = {each.pk: each for each in (row.version, returned_version(row)) if each}
        judged = checks_of(row, *reviewed.values())
        back, faults = what_to_change(row, judged, approvals)
        versions = row.versions.select_related("author").order_by("-number")
        return {
            "question": self.question(approvals, row, known),
            "back_version": back,
            "faults": faults,
            "approvals": approvals,
            "versions": list(versions[:MOST_VERSIONS]),
            **_newest_version(row, judged),
        }

    def otherwise(self, step: Operation[Any], rows: Sequence[Any]) -> Mapping[int, str]:
        """Return the failed checks of work that a step led back to rework."""
        if step.verb not in CHECKED:
            return {}
        returned = [row for row in rows if row.state == Deliverable.State.REWORK]
        known = checks.judged_checks(returned)
        return {row.pk: _returned(known[row.pk]) for row in returned}

    def question(
        self, approvals: Sequence[ApprovalAnswers], row: Deliverable, known: PageFacts
    ) -> dict[str, Any] | None:
        """Return the open approval of the newest version, with what this person can do about it."""
        asked = _pending(approvals, row)
        if asked is None:
            return None
        offered = panel(asked, known, onward=("approve", "record"))
        # The panel also offers the steps of work items, such as reassigning; they have their place
        # on the approval's own page.
        steps = [
            each
            for each in (offered.first, *offered.others, *offered.dangers)
            if each and each.step.model is Approval
        ]
        held = [each for each in offered.held if each.steps[0].model is Approval]
        return {"approval": asked, "steps": steps, "held": held, "url": page_of(asked)}

    def facts(self, request: HttpRequest, row: Deliverable) -> Sequence[tuple[Any, Any]]:
        item, now = row.item, timezone.now()
        planned = date_format(row.due_date, "D j M Y") if row.due_date else display.NOTHING
        place = row.destination.name if row.destination else _("Files for the client")
        made = [
            (
                _("State"),
                format_html("{} {}", state_badge(item.kind, row.state), display.hold(item)),
            ),
            (_("Client"), item.client or display.NOTHING),
            (_("Owner"), item.owner),
            (_("Backup"), item.backup),
            (_("Assignee"), item.doer or _("Unassigned")),
            (_("Due"), display.due(item, now)),
            (_("Planned date"), planned),
            (_("Type"), row.get_format_display()),
            (_("Destination"), place),
            (_("Request"), _link(row.request)),
            (_("Brief"), _link(row.brief)),
            (_("Planned"), _planned(row, actor(request))),
            (_("Change rounds used"), row.rounds),
        ]
        return [*made, *self.whereabouts(row)]

    def whereabouts(self, row: Deliverable) -> Sequence[tuple[Any, Any]]:
        found: list[tuple[Any, Any]] = []
        if row.live_url:
            found.append((_("Live at"), _outside(row.live_url)))
            found.append((_("Live since"), display.when(row.live_at)))
        if row.ends_date:
            found.append((_("Ends on"), date_format(row.ends_date, "D j M Y")))
        found += _launch(row)
        if row.replaces:
            found.append((_("Replaces"), _link(row.replaces)))
        successors = row.replaced_by.exclude(state="cancelled").select_related("item")
        return found + [(_("Replaced by"), _link(each)) for each in successors]

    def texts(self, row: Deliverable) -> Sequence[tuple[Any, str]]:
        return [(_("Hold reason"), row.item.hold_reason)] if row.item.held_at else []

    @admin.display(description=gettext_lazy("version"), ordering="version__number")
    def newest(self, row: Deliverable) -> Words:
        return f"v{row.version.number}" if row.version else display.NOTHING

    @admin.display(description=gettext_lazy("assignee"), ordering="item__doer__full_name")
    def doer(self, row: Deliverable) -> Any:
        return row.item.doer or display.NOTHING


def _returned(known: Sequence[checks.Judged]) -> str:
    """Return which checks failed, as a sentence."""
    failed = [each.check.name for each in known if each.failed]
    if not failed:
        return _("Returned for rework.")
    words = ngettext(
        "Returned for rework: %(count)s check failed: %(names)s. The page lists what to change.",
        "Returned for rework: %(count)s checks failed: %(names)s. The page lists what to change.",
        len(failed),
    )
    return words % {"count": len(failed), "names": ", ".join(failed)}


def _newest_version(
    row: Deliverable, judged: Mapping[int, Sequence[CheckStatus]]
) -> dict[str, Any]:
    """Return what the page shows of the newest version, empty without one."""
    version = row.version
    if version is None:
        return {"version": None, "frame": "", "parts": (), "checks": ()}
    return {
        "version": version,
        "frame": address(Deliverable, "preview", row.pk, version.number),
        "parts": list(version.files.select_related("file")),
        "checks": judged[version.pk],
    }


def _pending(approvals: Sequence[ApprovalAnswers], row: Deliverable) -> Approval | None:
    """Return the pending approval of the newest version, if the reader sees it."""
    for each in approvals:
        asked = each.approval
        of_newest = asked.version_id == row.version_id
        if each.seen and of_newest and asked.state == Approval.State.PENDING:
            return asked
    return None


def _launch(row: Deliverable) -> list[tuple[Any, Any]]:
    """Return who launched it by hand, and the screenshot that shows it."""
    if row.destination is None or not is_by_hand(row.destination.kind):
        return []
    made = row.launches.select_related("by", "evidence").order_by("-pk").first()
    if made is None:
        return []
    found: list[tuple[Any, Any]] = [(_("Launched by"), made.by)]
    if made.evidence is not None:
        found.append((_("Screenshot"), _file(made.evidence)))
    return found


def _file(file: File) -> SafeString | str:
    if not file.is_kept:
        return _("%(file)s (erased)") % {"file": file}
    return format_html('<a class="tl-link" href="{}">{}</a>', file_address(file), file)


def _planned(row: Deliverable, by: Actor) -> str:
    if not by.may("delivery.view_engagement"):
        return _("%(hours)s h") % {"hours": number_format(row.hours)}
    currency = row.brief.engagement.currency if row.brief.engagement else ""
    return _("%(amount)s, %(hours)s h") % {
        "amount": money(row.amount, currency),
        "hours": number_format(row.hours),
    }


def _link(row: Any) -> SafeString:
    return format_html('<a class="tl-link" href="{}">{}</a>', page_of(row), row)


def _outside(url: str) -> SafeString | str:
    """Link to an address, if a browser opens it as a page."""
    # The address came from another system: "javascript:" must not become a link.
    if not url.startswith(("https://", "http://")):
        return url
    return format_html('<a class="tl-link" href="{}" rel="noopener noreferrer">{}</a>', url, url)

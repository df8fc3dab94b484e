"""The form of a review: for each question an answer, a reason and what settles a “no”."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from routing.desk.forms import choice, date, long_text
from routing.flows.models import FlowVersion
from routing.flows.review import FlowReview, ReviewAnswer
from routing.flows.review_questions import QUESTIONS, ReviewQuestion
from routing.flows.reviewing import NotAnswered, SettlementDetails, answer_question
from routing.people.actors import Actor
from routing.people.staff import User

YES, NO = "yes", "no"
# The field that a refusal is about.
FIELDS = {"owner": "owner", "until": "until", "version": "number", "not_a_no": "settled_by"}


class AnswerForm(forms.Form):
    """The answer to one question."""

    partial = True  # which of its fields are needed follows from the answer

    answer = forms.ChoiceField(
        label=_("Answer"),
        required=False,
        choices=((YES, _("Yes")), (NO, _("No"))),
        widget=forms.RadioSelect(),
    )
    reason = long_text(
        _("Reason"), error=_("Enter a reason."), required=False, rows=2, max_length=500
    )
    settled_by = choice(
        _("A “no” becomes"),
        (("", _("Not settled yet")), *ReviewAnswer.Settlement.choices),
        required=False,
    )
    number = choice(_("Version with the change"), (), required=False)
    owner = choice(_("Owner of the check or waiver"), (), required=False)
    until = date(_("Until"))

    def settlement(self) -> SettlementDetails | None:
        """Return what settles a “no”, or None. Call it after ``is_valid()``."""
        given = self.cleaned_data
        if not given["settled_by"]:
            return None
        number, owner = given["number"], given["owner"]
        return SettlementDetails(
            given["settled_by"],
            int(number) if number else None,
            int(owner) if owner else None,
            given["until"],
        )


@dataclass(frozen=True, slots=True)
class AskedQuestion:
    """A question of a review with its form and the answer that counts."""

    question: ReviewQuestion
    form: AnswerForm
    given: ReviewAnswer | None


def asked_questions(
    review: FlowReview, given: Mapping[str, ReviewAnswer], data: Any = None
) -> list[AskedQuestion]:
    """Return every question with its form, filled with the answer or with what was sent."""
    owners = [("", _("Choose")), *_people()]
    numbers = [("", _("The newest draft, or a new one")), *_later(review)]
    found = []
    for question in QUESTIONS:
        mine = given.get(question.key)
        form = AnswerForm(data, prefix=question.key, initial=_known(mine))
        form.fields["owner"].choices = owners  # type: ignore[attr-defined]
        form.fields["number"].choices = numbers  # type: ignore[attr-defined]
        found.append(AskedQuestion(question, form, mine))
    return found


def _people() -> list[tuple[Any, Any]]:
    staff = User.objects.staff().order_by("full_name", "pk")
    return [(str(user.pk), str(user)) for user in staff]


def _later(review: FlowReview) -> list[tuple[Any, Any]]:
    later = FlowVersion.objects.filter(flow=review.flow_id, number__gt=review.version.number)
    return [(str(row.number), f"v{row.number}") for row in later.order_by("-number")]


def _known(given: ReviewAnswer | None) -> dict[str, Any]:
    if given is None:
        return {}
    return {
        "answer": YES if given.is_yes else NO,
        "reason": given.reason,
        "settled_by": given.settled_by,
        "number": str(given.version.number) if given.version else "",
        "owner": str(given.owner_id or ""),
        "until": given.until,
    }


def save_answers(
    review: FlowReview, asked: Sequence[AskedQuestion], *, by: Actor, at: datetime
) -> int | None:
    """
    Save the answers that were given or changed, all or none.

    :returns: how many were saved, or None if the forms now have errors
    :raises PermissionDenied: if ``by`` may not answer
    """
    sound = [each.form.is_valid() for each in asked]  # each says what is wrong with it
    if not all(sound):
        return None
    saved, refused = 0, False
    with transaction.atomic():
        for each in asked:
            form = each.form
            if not (form.cleaned_data["answer"] and form.has_changed()):
                continue
            try:
                answer_question(
                    review,
                    each.question.key,
                    yes=form.cleaned_data["answer"] == YES,
                    by=by,
                    at=at,
                    reason=form.cleaned_data["reason"],
                    settlement=form.settlement(),
                )
                saved += 1
            except NotAnswered as refusal:
                named = FIELDS.get(refusal.code, refusal.code)
                form.add_error(named if named in form.fields else None, str(refusal))
                refused = True
        if refused:
            transaction.set_rollback(True)
    return None if refused else saved

"""Forms for sign-offs, answers, and decisions that a client made elsewhere."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminRadioSelectWidget

from delivery.approvals.asked import able_staff, approver_rows
from delivery.approvals.details import RecordDetails
from delivery.approvals.models import Answer, Approval, AskedPerson
from delivery.approvals.operations import approvals, deliverables
from delivery.checks import operations as checks
from delivery.deliverables.stages import Audience
from delivery.progress.operations import receipts
from delivery.requests.evidence_form import EvidenceForm
from routing.desk.forms import StepForm, choice, long_text, picked, step_form
from routing.people.clearance import clearance_for
from routing.people.clients import Contact, Membership
from routing.people.staff import User

MOST_SIGNS = 2_000


@step_form(deliverables.sign_off)
class SignOffForm(StepForm):
    submit = gettext_lazy("Sign off")

    check = choice(gettext_lazy("Check"), ())
    passed = forms.TypedChoiceField(
        label=gettext_lazy("Result"),
        choices=(
            ("yes", gettext_lazy("Passed")),
            ("no", gettext_lazy("Failed: return for rework")),
        ),
        coerce=lambda value: value == "yes",
        widget=UnfoldAdminRadioSelectWidget(),
    )
    note = long_text(
        gettext_lazy("Findings"),
        error="",
        required=False,
        rows=4,
        max_length=MOST_SIGNS,
        help_text=gettext_lazy("Required if it failed. Tell the assignee what to fix."),
    )

    def prepare(self) -> None:
        judged = checks.judged_checks(self.rows)[self.rows[0].pk]
        waiting = [each.check for each in judged if each.unsigned]
        self.fields["check"].choices = [(check.pk, check.name) for check in waiting]  # type: ignore[attr-defined]

    def clean_check(self) -> int:
        return int(self.cleaned_data["check"])

    def clean(self) -> None:
        super().clean()
        if (
            self.cleaned_data.get("passed") is False
            and not self.cleaned_data.get("note", "").strip()
        ):
            self.add_error("note", _("Describe what must be fixed."))


class ApprovalAnswerForm(StepForm):
    """Form with the digest of the displayed version, so that nobody answers about another one."""

    template: ClassVar[str] = "desk/answer.html"
    width: ClassVar[str] = "tl-broad"

    digest = forms.CharField(widget=forms.HiddenInput(), max_length=64)
    comment = long_text(
        gettext_lazy("Comment"), error="", required=False, rows=4, max_length=MOST_SIGNS
    )

    def known(self, row: Approval) -> dict[str, Any]:
        return {"digest": row.digest}


@step_form(approvals.approve)
class ApproveForm(ApprovalAnswerForm):
    """Approve; the comment is optional."""


class SaysWhyForm(ApprovalAnswerForm):
    """Form for an answer that requires a comment."""

    comment = long_text(
        gettext_lazy("What should be different"),
        error=gettext_lazy("Describe what should be different."),
        rows=4,
        max_length=MOST_SIGNS,
    )


@step_form(approvals.request_changes)
class ChangesForm(SaysWhyForm):
    """Return the version for rework."""


@step_form(approvals.reject)
class RejectForm(SaysWhyForm):
    """Reject the version."""


@step_form(approvals.name_stand_in)
class StandInForm(StepForm):
    """Form for somebody who is asked as well, because others can no longer answer."""

    submit = gettext_lazy("Ask")

    contact = picked(
        gettext_lazy("Approver"),
        Contact.objects.none(),
        help_text=gettext_lazy("An approver at the client who was not asked yet."),
    )
    user = picked(
        gettext_lazy("Approver"),
        User.objects.none(),
        help_text=gettext_lazy("Someone who may approve versions and did not make this one."),
    )

    def prepare(self) -> None:
        row = self.rows[0]
        asked = AskedPerson.objects.filter(approval=row, left_at=None)
        if row.audience == Audience.CLIENT:
            del self.fields["user"]
            members = approver_rows({row.item.client_id}).values("contact")
            free = Contact.objects.filter(pk__in=members).exclude(
                pk__in=asked.filter(contact__isnull=False).values("contact")
            )
            self.fields["contact"].queryset = free  # type: ignore[attr-defined]
        else:
            del self.fields["contact"]
            able = able_staff().exclude(pk=row.version.author_id)
            cleared = clearance_for([row.item.client_id]).people(row.item.client_id)
            if cleared is not None:
                able = able.filter(pk__in=cleared)
            self.fields["user"].queryset = able.exclude(  # type: ignore[attr-defined]
                pk__in=asked.filter(user__isnull=False).values("user")
            )

    def values(self) -> dict[str, Any]:
        return {name: person.pk for name, person in super().values().items()}


@step_form(approvals.record_answer)
class RecordForm(EvidenceForm):
    """Form for a decision made elsewhere."""

    submit = gettext_lazy("Record")
    template: ClassVar[str] = "desk/answer.html"
    width: ClassVar[str] = "tl-broad"

    contact = picked(
        gettext_lazy("Decided by"),
        Contact.objects.none(),
        help_text=gettext_lazy("An approver at the client."),
    )
    # Nothing is preselected: a decision that nobody chose must not be recorded.
    word = choice(
        gettext_lazy("Decision"), [("", gettext_lazy("Choose")), *Answer.Word.choices], help_text=""
    )
    comment = long_text(
        gettext_lazy("Comment"),
        error="",
        required=False,
        rows=4,
        max_length=MOST_SIGNS,
        help_text=gettext_lazy("Visible to the client."),
    )
    field_order = ("contact", "word", "comment", "evidence")

    def prepare(self) -> None:
        client = self.rows[0].item.client_id
        approving = Membership.objects.filter(
            client=client, role=Membership.Role.APPROVER, contact__erased_at=None
        )
        self.fields["contact"].queryset = Contact.objects.filter(pk__in=approving.values("contact"))  # type: ignore[attr-defined]
        self.fields["evidence"].required = not self.data.get("evidence_kept")

    def clean(self) -> None:
        super().clean()
        self.keep_evidence()
        if self.kept is None and "evidence" not in self.errors:
            self.add_error("evidence", _("Add evidence, such as an e-mail or minutes."))
        if (
            self.cleaned_data.get("word") not in {"", None, Answer.Word.APPROVE.value}
            and not self.cleaned_data.get("comment", "").strip()
        ):
            self.add_error("comment", _("Describe what should be different."))

    def as_details(self) -> RecordDetails:
        data = self.cleaned_data
        return RecordDetails(
            word=data["word"],
            contact=data["contact"].pk,
            comment=data["comment"],
            evidence=self.kept.pk if self.kept else None,
        )


@step_form(receipts.record_receipt)
class RecordReceiptForm(StepForm):
    """Form for a receipt that a contact confirmed by phone, by e-mail or in a meeting."""

    submit = gettext_lazy("Record")

    contact = picked(
        gettext_lazy("Confirmed by"),
        Contact.objects.none(),
        help_text=gettext_lazy("A contact of the client."),
    )
    note = long_text(
        gettext_lazy("What they said"),
        error=gettext_lazy("Enter what the client said."),
        rows=3,
        max_length=MOST_SIGNS,
        help_text=gettext_lazy("Visible to the agency only."),
    )

    def prepare(self) -> None:
        theirs = Membership.objects.filter(client=self.rows[0].item.client_id)
        known = Contact.objects.known().filter(pk__in=theirs.values("contact"))
        self.fields["contact"].queryset = known  # type: ignore[attr-defined]

    def values(self) -> dict[str, Any]:
        values = super().values()
        return values | {"contact": values["contact"].pk}

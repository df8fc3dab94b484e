"""Forms for sign-offs, answers, and decisions that a client made elsewhere."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminRadioSelectWidget

from delivery.approvals.models import Answer, Approval
from delivery.approvals.operations import approvals, deliverables
from delivery.checks import operations as checks
from routing.desk.forms import StepForm, choice, long_text, picked, step_form
from routing.people.clients import Contact, Membership
from routing.work.files import File
from routing.work.operations import files
from routing.work.visibility import files_seen_by

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


@step_form(approvals.record_answer)
class RecordForm(StepForm):
    """
    Form for a decision made elsewhere.

    It stores the evidence at once, so that a form with an error does not ask for it again.
    """

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
    evidence_kept = forms.IntegerField(widget=forms.HiddenInput(), required=False)
    evidence = forms.FileField(
        label=gettext_lazy("Evidence"),
        help_text=gettext_lazy("An e-mail, minutes or a screenshot, for example."),
        error_messages={"required": gettext_lazy("Add evidence, such as an e-mail or minutes.")},
    )

    def prepare(self) -> None:
        client = self.rows[0].item.client_id
        approving = Membership.objects.filter(
            client=client, role=Membership.Role.APPROVER, contact__erased_at=None
        )
        self.fields["contact"].queryset = Contact.objects.filter(pk__in=approving.values("contact"))  # type: ignore[attr-defined]
        self.fields["evidence"].required = not self.data.get("evidence_kept")
        self.kept: File | None = None

    def clean(self) -> None:
        super().clean()
        self._keep(self.cleaned_data.get("evidence"))
        if self.kept is None and "evidence" not in self.errors:
            self.add_error("evidence", _("Add evidence, such as an e-mail or minutes."))
        if (
            self.cleaned_data.get("word") not in {"", None, Answer.Word.APPROVE.value}
            and not self.cleaned_data.get("comment", "").strip()
        ):
            self.add_error("comment", _("Describe what should be different."))

    def _keep(self, upload: UploadedFile[Any] | None) -> None:
        client = self.rows[0].item.client
        if upload is None:
            # The id comes from a hidden field, so it may name any file: only a stored file of this
            # client that the person sees is evidence.
            seen = files_seen_by(self.actor).kept().filter(client=client)
            self.kept = seen.filter(pk=self.cleaned_data.get("evidence_kept") or 0).first()
        else:
            try:
                self.kept = files.keep(
                    upload, name=upload.name or "", client=client, by=self.actor, at=timezone.now()
                )
            except files.NotKept as refusal:
                self.add_error("evidence", f"{upload.name}: {refusal}")
        if self.kept is not None:
            # A bound form shows what was posted, so the id of the stored file goes in there.
            self.data = dict(self.data.items()) | {"evidence_kept": str(self.kept.pk)}
            self["evidence"].help_text = _(
                "Already uploaded: %(name)s. Choose another file only to replace it."
            ) % {"name": self.kept}

    def values(self) -> dict[str, Any]:
        values = super().values()
        values["contact"] = values["contact"].pk
        values["evidence"] = self.kept.pk if self.kept else None
        return values

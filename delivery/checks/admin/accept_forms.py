"""The form that accepts what a check of a brief found."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from delivery.checks import brief_operations
from delivery.checks.brief_checks import judged_briefs
from routing.desk.forms import StepForm, choice, step_form


@step_form(brief_operations.accept_check)
class AcceptCheckForm(StepForm):
    submit = gettext_lazy("Accept findings")

    check = choice(
        gettext_lazy("Check"),
        (),
        help_text=gettext_lazy(
            "The brief can then be approved although this check failed. That holds while the check "
            "finds the same."
        ),
    )

    def prepare(self) -> None:
        judged = judged_briefs(self.rows)[self.rows[0].pk]
        failed = [each for each in judged if each.blocks]
        self.fields["check"].choices = [(each.check.pk, each.sentence) for each in failed]  # type: ignore[attr-defined]

    def clean_check(self) -> int:
        return int(self.cleaned_data["check"])

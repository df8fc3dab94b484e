"""A form with a file as evidence of what happened elsewhere."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from routing.desk.forms import StepForm
from routing.work.files import File
from routing.work.operations import files
from routing.work.visibility import files_seen_by


class EvidenceForm(StepForm):
    """
    Form that stores its evidence at once, so that a form with an error does not ask for it again.

    ``kept`` is the stored file, or None.
    """

    keeps_files = True

    evidence_kept = forms.IntegerField(widget=forms.HiddenInput(), required=False)
    evidence = forms.FileField(
        label=gettext_lazy("Evidence"),
        help_text=gettext_lazy("An e-mail, minutes or a screenshot, for example."),
        error_messages={"required": gettext_lazy("Add evidence, such as an e-mail or minutes.")},
    )
    kept: File | None = None

    def keep_evidence(self) -> None:
        """Store the upload, or find the file that was stored before. Call it in ``clean``."""
        upload: UploadedFile[Any] | None = self.cleaned_data.get("evidence")
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

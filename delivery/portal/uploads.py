"""The field with which contacts add files to a form."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext as _

from routing.desk.notes import MOST_FILES, FilesField
from routing.work.display import size


def files_field() -> FilesField:
    """Return a field for files that states its limits."""
    text = _("Images, PDFs, documents or videos. Up to %(most)s files of %(size)s each.")
    limits = {"most": MOST_FILES, "size": size(settings.FILE_MAX_BYTES)}
    return FilesField(label=_("Files (optional)"), required=False, help_text=text % limits)


class WithFiles(forms.Form):
    """Form with a field for files at its end."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""
        self.fields["uploads"] = files_field()

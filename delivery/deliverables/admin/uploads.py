"""
The form that makes a version: prefilled from the newest one, its files kept unless somebody takes
them out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from django import forms
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import INPUT_CLASSES, UnfoldAdminTextareaWidget

from delivery.deliverables.cleaning import taken_out
from delivery.deliverables.models import Deliverable
from delivery.deliverables.operations import versions
from delivery.deliverables.references import by_name
from delivery.deliverables.versions import Version
from routing.desk.forms import StepForm, line, long_text, step_form
from routing.desk.lists import CommaList
from routing.desk.notes import FilesField
from routing.work.files import File
from routing.work.operations import files
from routing.work.visibility import files_seen_by

ROLES = (
    ("content", gettext_lazy("Shown in the text")),
    ("hero", gettext_lazy("Main image")),
    ("download", gettext_lazy("Download")),
    ("source", gettext_lazy("Working file")),
)
TERMS = ("categories", "tags")
BODY_HELP = gettext_lazy(
    "HTML: paragraphs, headings from h2, lists, links, quotations, tables and images. "
    "Scripts and styles are removed, and you are notified. To show an uploaded image, use its file "
    "name: "
    '<img src="asset:photo.jpg" alt="What it shows">.'
)


class FileForm(forms.Form):
    """
    One file that is there already: what it is for, what is said in its place, and whether it stays.
    """

    file = forms.IntegerField(widget=forms.HiddenInput())
    role = forms.CharField(
        label=gettext_lazy("Purpose"),
        max_length=30,
        widget=forms.TextInput({"list": "roles", "class": " ".join(INPUT_CLASSES)}),
    )
    alt = line(gettext_lazy("Alt text"), max_length=300, required=False)
    leave_out = forms.BooleanField(label=gettext_lazy("Remove"), required=False)

    row: File | None = None  # what it is about, for the page

    @property
    def reference(self) -> str:
        """Return the text to write in the body to show the file."""
        return (
            f'<img src="asset:{self.row}" alt="{self["alt"].value() or ""}">'
            if self.row and self.row.is_image
            else ""
        )


FileForms = forms.formset_factory(
    FileForm, extra=0, max_num=versions.MOST_FILES, absolute_max=versions.MOST_FILES + 20
)


@step_form(versions.upload)
class UploadForm(StepForm):
    submit = gettext_lazy("Upload")
    template: ClassVar[str] = "desk/upload.html"
    width: ClassVar[str] = "tl-broad"

    basis = forms.IntegerField(widget=forms.HiddenInput())
    title = line(gettext_lazy("Title"), max_length=200, required=False)
    slug = line(
        gettext_lazy("Slug"),
        max_length=200,
        required=False,
        help_text=gettext_lazy(
            "The last part of the address. Leave empty to derive it from the title."
        ),
    )
    excerpt = long_text(gettext_lazy("Excerpt"), error="", required=False, rows=3, max_length=2_000)
    body_html = forms.CharField(
        label=gettext_lazy("Text"),
        required=False,
        help_text=BODY_HELP,
        widget=UnfoldAdminTextareaWidget({"rows": 18, "spellcheck": "true", "class": "tl-code"}),
    )
    seo_title = line(gettext_lazy("SEO title"), max_length=200, required=False)
    seo_description = line(gettext_lazy("SEO description"), max_length=500, required=False)
    categories = CommaList(
        label=gettext_lazy("Categories"), help_text=gettext_lazy("Separate with commas.")
    )
    tags = CommaList(label=gettext_lazy("Tags"), help_text=gettext_lazy("Separate with commas."))
    uploads = FilesField(
        label=gettext_lazy("More files"),
        required=False,
        help_text=gettext_lazy(
            "You can choose several files. After the upload, enter the purpose and alt text of "
            "each."
        ),
    )
    note = line(
        gettext_lazy("Release note"),
        max_length=500,
        required=False,
        help_text=gettext_lazy("For the next reviewers."),
    )

    def prepare(self) -> None:
        self.row: Deliverable = self.rows[0]
        self.kept: list[File] = []
        if self.is_bound:
            self.parts = FileForms(self.data, prefix="files")
        else:
            self.parts = FileForms(
                initial=[_known(part) for part in _newest_parts(self.row)], prefix="files"
            )
        self._name_files()

    def known(self, row: Deliverable) -> dict[str, Any]:
        newest = row.version
        if newest is None:
            return {"basis": 0, "title": row.item.title, "slug": slugify(row.item.title)}
        names = [(part.name, part.file.sha256) for part in _newest_parts(row)]
        texts = {name: getattr(newest, name) for name in versions.TEXTS if name != "note"}
        terms = {name: list(newest.terms.get(name, ())) for name in TERMS}
        return {"basis": newest.pk, **texts, **terms, "body_html": by_name(newest.body_html, names)}

    def clean(self) -> None:
        super().clean()
        if not self.cleaned_data.get("slug"):
            self.cleaned_data["slug"] = slugify(self.cleaned_data.get("title", ""))
        self._keep()
        if not self.parts.is_valid():
            self.add_error(None, _("Correct the marked files."))
        if self.kept:  # once, so that nobody hands in a picture without saying what it shows
            self.add_error(
                None,
                _(
                    "Files received. Enter the purpose of each file and the alt text of images, "
                    "then upload."
                ),
            )

    def _keep(self) -> None:
        """
        Every upload becomes a row, whatever else is wrong with the form: what was sent once is not
        asked for again.
        """
        at = timezone.now()
        for upload in self.cleaned_data.get("uploads", ()):
            try:
                self.kept.append(
                    files.keep(
                        upload,
                        name=upload.name or "",
                        client=self.row.item.client,
                        by=self.actor,
                        at=at,
                    )
                )
            except files.NotKept as refusal:
                self.add_error("uploads", f"{upload.name}: {refusal}")
        if self.kept:
            self._offer_again()

    def _offer_again(self) -> None:
        """The list of files as it was sent, and the new ones below."""
        data, before = dict(self.data.items()), self.parts.total_form_count()
        for place, file in enumerate(self.kept, start=before):
            values = {"file": file.pk, "role": "content" if file.is_image else "download"}
            data.update({f"files-{place}-{name}": str(value) for name, value in values.items()})
        data["files-TOTAL_FORMS"], data["files-INITIAL_FORMS"] = (
            str(before + len(self.kept)),
            data.get("files-INITIAL_FORMS") or "0",
        )
        self.data = data
        self.parts = FileForms(data, prefix="files")
        self._name_files()

    def _name_files(self) -> None:
        wanted = [str(form["file"].value()) for form in self.parts]
        seen = (
            files_seen_by(self.actor)
            .kept()
            .filter(pk__in=[pk for pk in wanted if pk.isdecimal() and len(pk) < 19])  # noqa: PLR2004
        )
        rows = {str(file.pk): file for file in seen}
        for form, pk in zip(self.parts, wanted, strict=True):
            form.row = rows.get(pk)

    def texts(self) -> Iterator[forms.BoundField]:
        return (field for field in self.visible_fields() if field.name not in {"uploads", "note"})

    def lines(self) -> Iterator[FileForm]:
        yield from self.parts

    @property
    def roles(self) -> Sequence[tuple[str, Any]]:
        return ROLES

    def values(self) -> dict[str, Any]:
        data = self.cleaned_data
        wanted = [
            form.cleaned_data for form in self.parts if not form.cleaned_data.get("leave_out")
        ]
        return {
            "texts": {name: data.get(name, "") for name in versions.TEXTS},
            "terms": {name: data.get(name) or [] for name in TERMS},
            "parts": [
                versions.DraftFile(each["file"], each["role"], each["alt"]) for each in wanted
            ],
            "basis": data["basis"],
        }

    def done_message(self, row: Deliverable) -> str:
        made = Version.objects.get(pk=row.version_id or 0)
        gone = taken_out(self.cleaned_data.get("body_html", ""), made.body_html)
        said = _("Uploaded as version %(number)s.") % {"number": made.number}
        return (
            f"{said} {_('Removed from the text: %(what)s.') % {'what': ', '.join(gone)}}"
            if gone
            else said
        )


def _newest_parts(row: Deliverable) -> list[Any]:
    return list(row.version.files.select_related("file")) if row.version else []


def _known(part: Any) -> dict[str, Any]:
    return {"file": part.file_id, "role": part.role, "alt": part.alt}

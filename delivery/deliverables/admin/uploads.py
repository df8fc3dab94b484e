"""The upload form: prefilled from the newest version, whose files stay unless they are removed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import INPUT_CLASSES, UnfoldAdminTextareaWidget

from delivery.deliverables.cleaning import taken_out
from delivery.deliverables.formats import Format
from delivery.deliverables.models import Deliverable
from delivery.deliverables.operations import versions
from delivery.deliverables.references import by_name, distinct_names, free_name
from delivery.deliverables.slugs import chosen_slug
from delivery.deliverables.versions import Version
from routing.desk.forms import StepForm, line, long_text, step_form
from routing.desk.lists import CommaList
from routing.desk.notes import FilesField
from routing.kernel.slugs import slug_of
from routing.work.file_types.names import clean
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
    """One uploaded file: its purpose, its alt text, and whether it stays."""

    file = forms.IntegerField(widget=forms.HiddenInput())
    role = forms.CharField(
        label=gettext_lazy("Purpose"),
        max_length=30,
        widget=forms.TextInput({"list": "roles", "class": " ".join(INPUT_CLASSES)}),
    )
    alt = line(gettext_lazy("Alt text"), max_length=300, required=False)
    leave_out = forms.BooleanField(label=gettext_lazy("Remove"), required=False)

    # Set by the upload form, for the page.
    row: File | None = None
    name = ""

    @property
    def reference(self) -> str:
        """Return the text to write in the body to show the file."""
        if self.row is None or not self.row.is_image:
            return ""
        return f'<img src="asset:{self.name}" alt="{self["alt"].value() or ""}">'


FileForms = forms.formset_factory(
    FileForm, extra=0, max_num=versions.MOST_FILES, absolute_max=versions.MOST_FILES + 20
)


@step_form(versions.upload)
class UploadForm(StepForm):
    submit = gettext_lazy("Upload")
    keeps_files = True
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
            newest = [_known(part) for part in _newest_parts(self.row)]
            self.parts = FileForms(initial=newest, prefix="files")
        self._name_files()

    def known(self, row: Deliverable) -> dict[str, Any]:
        newest = row.version
        if newest is None:
            return {"basis": 0, "title": row.item.title, "slug": slug_of(row.item.title)}
        names = [(part.name, part.file.sha256) for part in _newest_parts(row)]
        texts = {name: getattr(newest, name) for name in versions.TEXTS if name != "note"}
        terms = {name: list(newest.terms.get(name, ())) for name in TERMS}
        return {"basis": newest.pk, **texts, **terms, "body_html": by_name(newest.body_html, names)}

    def clean(self) -> None:
        super().clean()
        self._choose_slug()
        self._keep()
        if not self.parts.is_valid():
            self.add_error(None, _("Correct the marked files."))
        # New files come back once as rows of the form, so that nobody submits an image without
        # having been asked for its alt text.
        if self.kept:
            self.add_error(
                None,
                _(
                    "Files received. Enter the purpose of each file and the alt text of images, "
                    "then upload."
                ),
            )

    def _choose_slug(self) -> None:
        """Derive the slug of a page from its title, since authors rarely care which one it is."""
        typed, title = self.cleaned_data.get("slug") or "", self.cleaned_data.get("title") or ""
        try:
            self.cleaned_data["slug"] = chosen_slug(
                typed, title, is_page=self.row.format == Format.PAGE
            )
        except ValueError as error:
            self.add_error("slug", str(error))

    def _keep(self) -> None:
        """Store every upload, so that a form with an error does not ask for the files again."""
        at, client = timezone.now(), self.row.item.client
        taken = [form.name for form in self.parts]
        for upload in self.cleaned_data.get("uploads", ()):
            # Texts refer to files by name, so a second photo.png gets another one.
            sent = clean(upload.name or "")
            name = free_name(sent, taken)
            try:
                file = files.keep(upload, name=name, client=client, by=self.actor, at=at)
            except files.NotKept as refusal:
                self.add_error("uploads", f"{upload.name}: {refusal}")
                continue
            self.kept.append(file)
            taken.append(str(file))
            if name != sent:
                words = _("“%(sent)s” is now “%(name)s”, because another file has that name.")
                self.add_error("uploads", words % {"sent": sent, "name": name})
        if self.kept:
            self._offer_again()

    def _offer_again(self) -> None:
        """Show the files as they were sent, with the new ones below."""
        # A bound formset takes its rows from the posted data only, so the new ones go in there.
        data, before = dict(self.data.items()), self.parts.total_form_count()
        for place, file in enumerate(self.kept, start=before):
            data[f"files-{place}-file"] = str(file.pk)
            data[f"files-{place}-role"] = "content" if file.is_image else "download"
        data["files-TOTAL_FORMS"] = str(before + len(self.kept))
        data["files-INITIAL_FORMS"] = data.get("files-INITIAL_FORMS") or "0"
        self.data = data
        self.parts = FileForms(data, prefix="files")
        self._name_files()

    def _name_files(self) -> None:
        wanted = [str(form["file"].value()) for form in self.parts]
        # The ids come from a hidden field: text, or a number beyond a bigint, would be an error in
        # the database.
        ids = [pk for pk in wanted if pk.isdecimal() and len(pk) < 19]  # noqa: PLR2004
        seen = files_seen_by(self.actor).kept().filter(pk__in=ids)
        rows = {str(file.pk): file for file in seen}
        found = [rows.get(pk) for pk in wanted]
        names = distinct_names((str(row), row.sha256) if row else ("", "") for row in found)
        for form, row, name in zip(self.parts, found, names, strict=True):
            form.row, form.name = row, name

    def texts(self) -> Iterator[forms.BoundField]:
        return (field for field in self.visible_fields() if field.name not in {"uploads", "note"})

    def lines(self) -> Iterator[FileForm]:
        yield from self.parts

    @property
    def roles(self) -> Sequence[tuple[str, Any]]:
        return ROLES

    def as_details(self) -> versions.Draft:
        data = self.cleaned_data
        rows = [form.cleaned_data for form in self.parts]
        kept = [row for row in rows if not row.get("leave_out")]
        return versions.Draft(
            texts={name: data.get(name, "") for name in versions.TEXTS},
            terms={name: data.get(name) or [] for name in TERMS},
            parts=[versions.DraftFile(row["file"], row["role"], row["alt"]) for row in kept],
            basis=data["basis"],
        )

    def done_message(self, row: Deliverable) -> str:
        # The author must learn what the sanitiser removed, since nothing refuses it.
        made = Version.objects.get(pk=row.version_id or 0)
        gone = taken_out(self.cleaned_data.get("body_html", ""), made.body_html)
        uploaded = _("Uploaded as version %(number)s.") % {"number": made.number}
        if not gone:
            return uploaded
        removed = _("Removed from the text: %(what)s.") % {"what": ", ".join(gone)}
        return f"{uploaded} {removed}"


def _newest_parts(row: Deliverable) -> list[Any]:
    return list(row.version.files.select_related("file")) if row.version else []


def _known(part: Any) -> dict[str, Any]:
    return {"file": part.file_id, "role": part.role, "alt": part.alt}

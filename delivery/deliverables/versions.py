"""Version: the exact content of an upload, which never changes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from delivery.deliverables.manifest import FileEntry, Manifest
from delivery.deliverables.models import Deliverable
from routing.people.staff import User
from routing.work.files import File


class Version(models.Model):
    """
    An immutable manifest.

    Checks and approvals bind to ``digest``, the SHA-256 of its canonical JSON (see
    ``deliverables.manifest``). ``body_html`` is sanitised before the digest is computed, and its
    images refer to files as ``asset:<sha256>``.
    """

    redactable = (
        "title",
        "slug",
        "excerpt",
        "body_html",
        "seo_title",
        "seo_description",
        "terms",
        "note",
    )
    impersonal = ("digest",)

    deliverable = models.ForeignKey(
        Deliverable,
        on_delete=models.PROTECT,
        related_name="versions",
        verbose_name=_("deliverable"),
    )
    number = models.PositiveIntegerField(_("number"))
    digest = models.CharField(_("digest"), max_length=64)
    title = models.CharField(_("title"), max_length=200, blank=True, default="")
    slug = models.CharField(_("slug"), max_length=200, blank=True, default="")
    excerpt = models.TextField(_("excerpt"), blank=True, default="")
    body_html = models.TextField(_("body"), blank=True, default="")
    seo_title = models.CharField(_("SEO title"), max_length=200, blank=True, default="")
    seo_description = models.CharField(_("SEO description"), max_length=500, blank=True, default="")
    terms = models.JSONField(_("terms"), default=dict, blank=True)
    note = models.CharField(_("release note"), max_length=500, blank=True, default="")
    author = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="+", db_index=False, verbose_name=_("by")
    )
    at = models.DateTimeField(_("at"))

    # Triggers of the database refuse updates and deletions.
    append_only: ClassVar[bool] = True

    class Meta:
        verbose_name = _("version")
        verbose_name_plural = _("versions")
        ordering = ("deliverable", "number")
        default_permissions = ("view",)
        constraints = (
            models.UniqueConstraint(fields=("deliverable", "number"), name="version_number_once"),
        )

    def __str__(self) -> str:
        return f"v{self.number}"

    @property
    def manifest(self) -> Manifest:
        """Return the content with its files. Prefetch ``files__file`` to read many."""
        return self.manifest_with(self.files.all())

    def manifest_with(self, parts: Iterable[VersionFile]) -> Manifest:
        return Manifest(
            title=self.title,
            slug=self.slug,
            excerpt=self.excerpt,
            body_html=self.body_html,
            seo_title=self.seo_title,
            seo_description=self.seo_description,
            terms={name: tuple(values) for name, values in self.terms.items()},
            files=tuple(part.entry for part in parts),
        )


class VersionFile(models.Model):
    """
    A file of a version, with its role, name and position there.

    ``alt`` is empty for a decorative image.
    """

    redactable = ("name", "alt")
    impersonal = ("role",)

    version = models.ForeignKey(
        Version, on_delete=models.PROTECT, related_name="files", verbose_name=_("version")
    )
    file = models.ForeignKey(
        File, on_delete=models.PROTECT, related_name="versions", verbose_name=_("file")
    )
    role = models.CharField(_("role"), max_length=30)
    name = models.CharField(_("name"), max_length=255)
    alt = models.CharField(_("alt text"), max_length=300, blank=True, default="")
    position = models.PositiveSmallIntegerField(_("position"))

    append_only: ClassVar[bool] = True
    work_of_file: ClassVar[str] = "version__deliverable__item"

    class Meta:
        verbose_name = _("file of a version")
        verbose_name_plural = _("files of versions")
        ordering = ("version", "position")
        default_permissions = ("view",)
        constraints = (
            models.UniqueConstraint(fields=("version", "position"), name="version_file_place_once"),
        )

    def __str__(self) -> str:
        return f"{self.version}: {self.role}"

    @property
    def entry(self) -> FileEntry:
        file = self.file
        return FileEntry(
            role=self.role,
            sha256=file.sha256,
            name=self.name,
            type=file.type,
            size=file.size,
            width=file.width,
            height=file.height,
            alt=self.alt,
        )

"""The hash chain over all evidence."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Seal(models.Model):
    """
    One link of the chain: a batch of rows of one ledger, such as a history table.

    ``head`` is the SHA-256, as hex, of ``previous`` and the digests of the rows in the order of
    their ids. ``columns`` has the columns of the digests in their order, so a column added later
    does not break older seals. ``floor`` is the last row id of the batch. ``oldest`` and
    ``horizon`` are the lower and the upper transaction id of its snapshot, with 64 bits.
    """

    # A row may be committed after rows with higher ids were sealed. Once a later batch was made
    # while no transaction older than this one's ``horizon`` was running, all rows up to both floors
    # are sealed, and the next batch need not look there: docs/decisions/0003.

    impersonal = ("ledger", "previous", "head", "columns", "free_text")

    ledger = models.CharField(_("ledger"), max_length=63)
    previous = models.CharField(max_length=64, blank=True)
    head = models.CharField(_("head"), max_length=64, unique=True)
    columns = models.JSONField()
    free_text = models.JSONField()
    row_count = models.PositiveIntegerField(_("rows"))
    floor = models.BigIntegerField()
    oldest = models.BigIntegerField()
    horizon = models.BigIntegerField()
    sealed_at = models.DateTimeField(_("sealed"))

    class Meta:
        verbose_name = _("audit seal")
        verbose_name_plural = _("audit seals")
        ordering = ("id",)
        default_permissions = ("view",)
        constraints = (
            models.UniqueConstraint(fields=("previous",), name="seal_chain_never_forks"),
        )
        indexes = (models.Index(fields=["ledger", "id"], name="seal_ledger_idx"),)

    def __str__(self) -> str:
        return f"{self.ledger} {self.head[:12]}"


class SealedRow(models.Model):
    """
    The digests of one sealed row: one of its facts, and one of its free text, which may be
    redacted later.
    """

    impersonal = ("ledger", "digest", "text_digest")

    seal = models.ForeignKey(Seal, on_delete=models.PROTECT, related_name="rows", db_index=False)
    ledger = models.CharField(max_length=63)
    row_id = models.BigIntegerField()
    digest = models.CharField(max_length=64)
    text_digest = models.CharField(max_length=64, blank=True)

    class Meta:
        default_permissions = ()
        constraints = (
            models.UniqueConstraint(fields=("ledger", "row_id"), name="row_sealed_once"),
        )
        indexes = (models.Index(fields=["seal", "row_id"], name="sealedrow_seal_idx"),)

    def __str__(self) -> str:
        return f"{self.ledger} {self.row_id}"


class SealSweep(models.Model):
    """
    The time of the last sweep of a whole ledger, including rows below its floor. It is not sealed.
    """

    impersonal = ("ledger",)

    ledger = models.CharField(max_length=63, primary_key=True)
    at = models.DateTimeField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.ledger} {self.at:%Y-%m-%d %H:%M}"


class Redaction(models.Model):
    """
    A record that free text of one row was removed on purpose.

    Only the owner of the database can write it, as only the owner can rewrite history.
    """

    redactable = ("reason",)
    impersonal = ("ledger",)

    ledger = models.CharField(_("ledger"), max_length=63)
    row_id = models.BigIntegerField(_("row"))
    reason = models.CharField(_("reason"), max_length=200)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("redaction")
        verbose_name_plural = _("redactions")
        default_permissions = ("view",)
        constraints = (
            models.UniqueConstraint(fields=("ledger", "row_id"), name="row_redacted_once"),
        )

    def __str__(self) -> str:
        return f"{self.ledger} {self.row_id}"

"""The hash chain over all evidence."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from routing.people.clients import Contact


class Seal(models.Model):
    """
    One link of the chain: a batch of rows of one ledger, such as a history table.

    ``head`` is the SHA-256, as hex, of ``previous`` and the digests of the rows in the order of
    their ids. ``columns`` has the columns of the digests in their order, so a column added later
    does not break older seals. ``floor`` is the last row id of the batch. ``oldest`` and
    ``horizon`` are the lower and the upper transaction id of its snapshot, with 64 bits.
    ``text_key`` names the key of the digests of text. It is empty for older seals, whose digests
    have no key.
    """

    # A row may be committed after rows with higher ids were sealed. Once a later batch was made
    # while no transaction older than this one's ``horizon`` was running, all rows up to both floors
    # are sealed, and the next batch need not look there: docs/decisions/0003.

    impersonal = ("ledger", "previous", "head", "columns", "free_text", "text_key")

    ledger = models.CharField(_("ledger"), max_length=63)
    previous = models.CharField(max_length=64, blank=True)
    head = models.CharField(_("head"), max_length=64, unique=True)
    columns = models.JSONField()
    free_text = models.JSONField()
    row_count = models.PositiveIntegerField(_("rows"))
    floor = models.BigIntegerField()
    oldest = models.BigIntegerField()
    horizon = models.BigIntegerField()
    text_key = models.CharField(max_length=16, blank=True, default="", db_default="")
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
    A record that free text of one row was removed on purpose. The newest one of a row counts.

    Only the owner of the database can write it, as only the owner can rewrite history. ``columns``
    are those that were rewritten. ``digest`` is the keyed digest of the row's text as it is now.
    ``facts_digest`` is that of its facts, if the row was sealed with some of the columns among
    them. Older records have neither.
    """

    redactable = ("reason",)
    impersonal = ("ledger", "columns", "digest", "facts_digest")

    ledger = models.CharField(_("ledger"), max_length=63)
    row_id = models.BigIntegerField(_("row"))
    columns = models.JSONField(_("columns"), default=list, db_default=[])
    digest = models.CharField(max_length=64, blank=True, default="", db_default="")
    facts_digest = models.CharField(max_length=64, blank=True, default="", db_default="")
    reason = models.CharField(_("reason"), max_length=200)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("redaction")
        verbose_name_plural = _("redactions")
        default_permissions = ("view",)
        indexes = (models.Index(fields=["ledger", "row_id"], name="redaction_row_idx"),)

    def __str__(self) -> str:
        return f"{self.ledger} {self.row_id}"


class Erasure(models.Model):
    """
    The erasure of one contact: asked for by a person, completed by the owner of the database.

    ``terms`` are the names, addresses and numbers to search for, encrypted under a key that is not
    in the database. They are removed when the erasure is complete. ``report`` has tables, rows and
    numbers, and never text: what was rewritten, what a person must decide, and what is left.
    """

    redactable = ("reason",)
    impersonal = ("terms", "report")

    contact = models.OneToOneField(
        Contact, on_delete=models.PROTECT, related_name="erasure", verbose_name=_("contact")
    )
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        verbose_name=_("asked for by"),
    )
    asked_at = models.DateTimeField(_("asked for"))
    reason = models.CharField(_("reason"), max_length=200)
    terms = models.TextField(blank=True, default="", editable=False)
    report = models.JSONField(_("report"), default=dict, blank=True)
    done_at = models.DateTimeField(_("completed"), null=True, editable=False)

    class Meta:
        verbose_name = _("erasure")
        verbose_name_plural = _("erasures")
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.contact_id} {self.asked_at:%Y-%m-%d}"

"""Decision: the record of a rule, its candidates and the choice, which is never changed."""

from __future__ import annotations

from hashlib import sha256
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from routing.flows.models import FlowVersion
from routing.people.staff import User
from routing.runs.models import Run


class Decision(models.Model):
    """
    The record of one decision, from which it can be recomputed.

    ``asked`` is the input (facts that rules may use, candidates, fallback) and ``answer`` the
    choice with its reasons. Both are canonical JSON text, and ``digest`` is the SHA-256 of both, as
    hex. The rules are those of the flow version, which never change.
    """

    # Text and not JSONField: PostgreSQL would store JSON in its own form, and the bytes are what
    # the digest is made of.

    append_only = True

    redactable = ("rule_name", "asked", "answer")
    impersonal = ("digest",)
    # Of the text, so it is sealed with the text and rewritten when the text is redacted.
    text_digests: ClassVar[tuple[str, ...]] = ("digest",)

    run = models.ForeignKey(
        Run, on_delete=models.PROTECT, related_name="decisions", verbose_name=_("run")
    )
    version = models.ForeignKey(
        FlowVersion,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        verbose_name=_("flow version"),
    )
    rule_name = models.CharField(_("rule"), max_length=120)
    owner = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="+", db_index=False, verbose_name=_("owner")
    )
    backup = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="+", db_index=False, verbose_name=_("backup")
    )
    asked = models.TextField(_("decision input"))
    answer = models.TextField(_("answer"))
    digest = models.CharField(_("digest"), max_length=64)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("decision")
        verbose_name_plural = _("decisions")
        ordering = ("run", "id")
        default_permissions = ("view",)
        indexes = (
            # Each decision asks when its candidates were last chosen.
            models.Index(fields=["owner", "at"], name="decision_owner_idx"),
            models.Index(fields=["backup", "at"], name="decision_backup_idx"),
        )

    def __str__(self) -> str:
        return f"{self.run}: {self.rule_name}"

    @staticmethod
    def digest_of(asked: str, answer: str) -> str:
        return sha256(f"{asked}\n{answer}".encode()).hexdigest()

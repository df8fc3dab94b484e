"""FormDraft: what a contact has typed into a form of the portal and not sent yet."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from routing.people.clients import Contact


class FormDraft(models.Model):
    """
    The fields of one form of one contact, by name.

    It is saved while they type, shown again when they come back, and deleted when they send the
    form. It has no history: nobody but the contact reads it.
    """

    redactable = ("values",)
    impersonal = ("form",)

    contact = models.ForeignKey(
        Contact, on_delete=models.CASCADE, related_name="drafts", verbose_name=_("contact")
    )
    form = models.CharField(_("form"), max_length=80)  # such as answer:ACM-12
    values = models.JSONField(_("values"))
    saved_at = models.DateTimeField(_("saved"))

    class Meta:
        verbose_name = _("form draft")
        verbose_name_plural = _("form drafts")
        default_permissions = ()
        constraints = (
            models.UniqueConstraint(fields=("contact", "form"), name="draft_once_a_form"),
        )

    def __str__(self) -> str:
        return self.form

"""The agency itself: one row."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from routing.kernel.history import Tracked
from routing.people.staff import Team, User


class Agency(models.Model):
    """
    The agency, with the default owner and backup for work without another owner.

    There is exactly one row, with id 1. The readiness check looks for it.
    """

    redactable = ("name",)

    name = models.CharField(_("name"), max_length=120)
    team = models.ForeignKey(
        Team, on_delete=models.PROTECT, related_name="+", verbose_name=_("default team")
    )
    owner = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="+", verbose_name=_("default owner")
    )
    backup = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="+", verbose_name=_("default backup")
    )

    security_owner = models.ForeignKey(
        User,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("security contact"),
        help_text=_("Is notified of security alarms. Without one, the default owner is."),
    )

    # When cover was looked at last, which is once a night.
    cover_checked_at = models.DateTimeField(null=True, editable=False)

    history = Tracked(excluded_fields=("cover_checked_at",))

    class Meta:
        verbose_name = _("agency")
        verbose_name_plural = _("agency")
        default_permissions = ("add", "change", "view")
        constraints = (
            models.CheckConstraint(condition=models.Q(pk=1), name="one_agency"),
            models.CheckConstraint(
                condition=~models.Q(owner=models.F("backup")),
                name="agency_owner_is_not_backup",
                violation_error_message=_("Owner and backup must be two different people."),
            ),
        )

    def __str__(self) -> str:
        return self.name

"""Connections to external systems."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from integrations.base.origins import BadAddress, Origin, origin_of
from integrations.base.secrets import EncryptedField
from integrations.base.settings import readable
from routing.kernel.history import Tracked
from routing.models import Team, User
from routing.people.addresses import LineField

if TYPE_CHECKING:
    from datetime import datetime


def validate_address(url: str) -> None:
    """
    Accept http and https with any host.

    A name can resolve to another address later, so the client checks addresses when it connects.
    """
    try:
        origin_of(url)
    except BadAddress as error:
        raise ValidationError(str(error)) from None


class ConnectionQuerySet(models.QuerySet["Connection"]):
    def active(self) -> Self:
        return self.filter(is_active=True)

    def unnamed(self) -> Self:
        """Filter for connections that need not be named: without the setting ``only_by_name``."""
        return self.exclude(settings__contains={"only_by_name": True})


class Connection(models.Model):
    """
    One external system: its address, its secrets and its health.

    ``public_url`` is our own address as the system calls it. Its signatures cover that address, so
    the Host header of a request is never used. Secrets and health are not configuration, so history
    leaves them out. Only ``manage.py connect`` writes ``allowed_private``, a list of ``{"scheme",
    "host", "port"}``.
    """

    SLOW_S = 1.0  # a connection with slower calls takes one at a time, in a queue of its own

    redactable = ("name", "settings", "last_error")
    impersonal = (
        "slug",
        "kind",
        "base_url",
        "public_url",
        "allowed_private",
        "signing_secrets",
        "token",
        "failing",
        "token_origin",
    )

    slug = models.SlugField(
        _("slug"),
        max_length=60,
        unique=True,
        help_text=_("Identifies this connection in events and in its webhook address."),
    )
    name = LineField(_("name"), max_length=120)
    kind = models.CharField(_("kind"), max_length=30)
    base_url = models.CharField(
        _("API address"), max_length=300, blank=True, default="", validators=[validate_address]
    )
    public_url = models.CharField(
        _("public address of this installation"),
        max_length=300,
        blank=True,
        default="",
        validators=[validate_address],
        help_text=_("The address the external system uses to reach us, without the path."),
    )
    settings = models.JSONField(_("settings"), default=dict, blank=True)
    allowed_private = models.JSONField(
        _("allowed private addresses"), default=list, blank=True, editable=False
    )
    signing_secrets = EncryptedField(_("signing secrets"))
    token = EncryptedField(_("token"))
    # The origin that the token was given for. It is sent nowhere else, see base.credentials.
    token_origin = models.CharField(
        max_length=300, blank=True, default="", db_default="", editable=False
    )
    is_active = models.BooleanField(_("active"), default=True)
    service_user = models.OneToOneField(
        User,
        on_delete=models.PROTECT,
        editable=False,
        related_name="connection",
        verbose_name=_("acts as"),
    )
    default_team = models.ForeignKey(
        Team,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("team of new clients"),
    )
    default_owner = models.ForeignKey(
        User,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("owner of new clients"),
    )
    default_backup = models.ForeignKey(
        User,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("backup of new clients"),
    )
    health_owner = models.ForeignKey(
        User,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("health owner"),
        help_text=_(
            "Gets the exceptions of the connection itself, such as a refused key. Empty: an "
            "integrations owner."
        ),
    )
    health_backup = models.ForeignKey(
        User,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("backup of the health owner"),
    )
    # Limits of incidents. Empty stands for the usual ones, see ``integrations.incidents.limits``.
    incident_percent = models.PositiveSmallIntegerField(
        _("incident at errors (percent)"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
        help_text=_("An incident is opened when so many of the calls failed. Empty: 20."),
    )
    incident_calls = models.PositiveSmallIntegerField(
        _("of at least so many calls"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(1000)],
        help_text=_("Fewer calls open no incident. Empty: 20."),
    )
    incident_minutes = models.PositiveSmallIntegerField(
        _("within so many minutes"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(60)],
        help_text=_("Empty: 10."),
    )
    backlog_minutes = models.PositiveSmallIntegerField(
        _("incident at a backlog older than (minutes)"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_(
            "An incident is opened when a message that could be sent has waited longer. Empty: 15."
        ),
    )
    # Since when sweeps have seen a backlog older than its limit.
    backlog_since = models.DateTimeField(null=True, editable=False)
    failures = models.PositiveIntegerField(_("failures in a row"), default=0, editable=False)
    # Objects of failures in a row that may be the objects' own. Each of them counts once.
    failing = models.JSONField(default=list, db_default=[], editable=False)
    failing_since = models.DateTimeField(_("failing since"), null=True, editable=False)
    paused_until = models.DateTimeField(_("paused until"), null=True, editable=False)
    last_ok_at = models.DateTimeField(_("last response"), null=True, editable=False)
    last_error = models.CharField(
        _("last error"), max_length=300, blank=True, default="", editable=False
    )
    # The duration of recent calls. Each quicker call at most halves it.
    call_s = models.FloatField(null=True, editable=False)
    # The last comparison of all our objects there with our rows.
    reconciled_at = models.DateTimeField(_("last reconciled"), null=True, editable=False)
    # What the system keeps of text: None until it was asked.
    stores_emoji = models.BooleanField(_("stores emoji"), null=True, editable=False)
    emoji_asked_at = models.DateTimeField(null=True, editable=False)

    history = Tracked(
        excluded_fields=(
            "signing_secrets",
            "token",
            "token_origin",
            "backlog_since",
            "failures",
            "failing",
            "failing_since",
            "paused_until",
            "last_ok_at",
            "last_error",
            "call_s",
            "reconciled_at",
            "stores_emoji",
            "emoji_asked_at",
        )
    )
    objects = ConnectionQuerySet.as_manager()

    class Meta:
        verbose_name = _("connection")
        verbose_name_plural = _("connections")
        ordering = ("name",)
        constraints = (
            models.CheckConstraint(
                condition=models.Q(default_owner=None)
                | ~models.Q(default_owner=models.F("default_backup")),
                name="connection_owner_is_not_backup",
                violation_error_message=_("Owner and backup must be two different people."),
            ),
            models.CheckConstraint(
                condition=models.Q(health_owner=None)
                | ~models.Q(health_owner=models.F("health_backup")),
                name="connection_health_owner_is_not_backup",
                violation_error_message=_("Owner and backup must be two different people."),
            ),
        )

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **options: Any) -> None:
        if self._state.adding and self.token:
            self.token_origin = self.calls_origin
        super().save(*args, **options)

    @property
    def hook_path(self) -> str:
        return f"/hooks/{self.slug}/"

    @property
    def hook_url(self) -> str:
        """Return the webhook address, built from the configured public address."""
        return (self.public_url or settings.SITE_URL).rstrip("/") + self.hook_path

    @property
    def private_origins(self) -> frozenset[Origin]:
        return frozenset(
            Origin(entry["scheme"], entry["host"], entry["port"]) for entry in self.allowed_private
        )

    @property
    def origin(self) -> Origin:
        return origin_of(self.base_url)

    @property
    def calls_origin(self) -> str:
        """Return the origin of calls as text. It is empty for the only address of a vendor."""
        return str(self.origin) if self.base_url else ""

    def is_paused(self, at: datetime) -> bool:
        """Return whether the breaker is open at ``at`` (aware)."""
        return self.paused_until is not None and at < self.paused_until

    @property
    def is_slow(self) -> bool:
        return self.call_s is not None and self.call_s >= self.SLOW_S

    @property
    def takes_many(self) -> bool:
        """Return whether several workers may call it at once: it is quick and was not paused."""
        return self.call_s is not None and not self.is_slow and self.paused_until is None

    @property
    def valid_settings(self) -> dict[str, Any]:
        """Return the settings that can be read. An older version may have saved others."""
        return readable(self.kind, self.settings)

    def setting(self, name: str, default: Any = None) -> Any:
        return self.valid_settings.get(name, default)

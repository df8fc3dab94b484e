"""Clients of the agency and their people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Self

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from routing.kernel.domains import readable_address, readable_domain
from routing.kernel.history import Tracked
from routing.people.addresses import AddressField, DomainField, LineField
from routing.people.staff import Team, User, validate_timezone


class Client(models.Model):
    lasting: ClassVar[bool] = True  # the app may not delete it
    redactable = ("name",)
    impersonal = ("code", "timezone")

    code = models.CharField(
        _("code"),
        max_length=6,
        unique=True,
        validators=[
            RegexValidator(
                r"\A[A-Z][A-Z0-9]{1,5}\Z",
                _("Two to six capital letters or digits, starting with a letter."),
            )
        ],
        help_text=_("Prefix of references for this client's work, such as ACM-142."),
    )
    name = LineField(_("name"), max_length=120, unique=True)
    timezone = models.CharField(
        _("time zone"), max_length=64, default="UTC", validators=[validate_timezone]
    )
    team = models.ForeignKey(
        Team, on_delete=models.PROTECT, related_name="clients", verbose_name=_("team")
    )
    owner = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="+", verbose_name=_("owner")
    )
    backup = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="+", verbose_name=_("backup")
    )
    restricted = models.BooleanField(
        _("restricted"),
        default=False,
        help_text=_("Only account managers in the client's team can see its work."),
    )

    history = Tracked()

    class Meta:
        verbose_name = _("client")
        verbose_name_plural = _("clients")
        ordering = ("name",)
        constraints = (
            models.CheckConstraint(
                condition=~models.Q(owner=models.F("backup")),
                name="client_owner_is_not_backup",
                violation_error_message=_("Owner and backup must be two different people."),
            ),
        )

    def __str__(self) -> str:
        return self.name


class ClientDomain(models.Model):
    """
    A mail or web domain that belongs to one client, by which intake recognises the client.

    It is in ASCII and lower case, without ``www.``.
    """

    redactable = ("domain",)

    client = models.ForeignKey(
        Client, on_delete=models.PROTECT, related_name="domains", verbose_name=_("client")
    )
    domain = DomainField(
        _("domain"),
        max_length=253,
        unique=True,
        validators=[
            RegexValidator(
                r"\A(?!www\.)([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z0-9-]{2,63}\Z",
                _("A domain such as acme.example, in lower case."),
            )
        ],
    )

    history = Tracked()

    class Meta:
        verbose_name = _("client domain")
        verbose_name_plural = _("client domains")
        ordering = ("domain",)

    def __str__(self) -> str:
        return readable_domain(self.domain)


class ContactQuerySet(models.QuerySet["Contact"]):
    def known(self) -> Self:
        """Contacts that have not been erased."""
        return self.filter(erased_at=None)


class Contact(models.Model):
    """
    A person at a client. ``language`` is that of e-mails to this person.

    This is personal data that erasure rewrites, so there is no history table. Event records who
    changed a contact, with ids only.
    """

    class Language(models.TextChoices):
        ENGLISH = "en", _("English")
        GERMAN = "de", _("German")

    lasting: ClassVar[bool] = True  # the app may not delete it
    redactable = ("full_name", "email", "phone")
    impersonal = ("language",)

    full_name = LineField(_("name"), max_length=120)
    email = AddressField(_("e-mail"), blank=True)
    phone = LineField(_("phone"), max_length=40, blank=True)
    language = models.CharField(
        _("language"),
        max_length=8,
        choices=Language,
        default=Language.ENGLISH,
        db_default=Language.ENGLISH.value,
        help_text=_("E-mails to this contact are in this language."),
    )
    # Only an invitation sets it, never a form.
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="contact",
        verbose_name=_("portal access"),
    )
    clients = models.ManyToManyField(
        Client, through="Membership", related_name="contacts", verbose_name=_("clients")
    )
    erased_at = models.DateTimeField(_("erased"), null=True, editable=False)

    objects = ContactQuerySet.as_manager()

    class Meta:
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        ordering = ("full_name",)
        permissions = (("erase_contact", "Can erase a contact's personal data"),)
        # People sign in with their address, in which case does not matter.
        constraints = (
            models.UniqueConstraint(
                models.functions.Lower("email"),
                condition=~models.Q(email=""),
                name="contact_email_lower_unique",
                violation_error_message=_("Another contact already has this e-mail address."),
            ),
        )

    def __str__(self) -> str:
        return self.full_name

    @property
    def readable_email(self) -> str:
        return readable_address(self.email)


class Membership(models.Model):
    class Role(models.TextChoices):
        VIEWER = "viewer", _("Viewer")
        REQUESTER = "requester", _("Requester")
        APPROVER = "approver", _("Approver")

    impersonal = ("role",)

    contact = models.ForeignKey(
        Contact, on_delete=models.PROTECT, related_name="memberships", verbose_name=_("contact")
    )
    client = models.ForeignKey(
        Client, on_delete=models.PROTECT, related_name="memberships", verbose_name=_("client")
    )
    role = models.CharField(_("role"), max_length=10, choices=Role, default=Role.VIEWER)

    history = Tracked()

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = (
            models.UniqueConstraint(
                fields=("contact", "client"),
                name="contact_once_a_client",
                deferrable=models.Deferrable.IMMEDIATE,
            ),
        )

    def __str__(self) -> str:
        return f"{self.contact} · {self.client} · {self.get_role_display()}"


def client_choices() -> Sequence[tuple[str, str]]:
    """Return the clients by name, to be chosen by their code."""
    return tuple(Client.objects.order_by("name").values_list("code", "name"))


def client_numbers() -> Sequence[tuple[str, str]]:
    """Return the clients by name, to be chosen by their number."""
    return tuple((str(pk), name) for pk, name in Client.objects.values_list("pk", "name"))


class ErasedIdentity(models.Model):
    """
    A keyed digest of an erased person's e-mail address, with which intake refuses to bring the
    person back.

    It is the HMAC-SHA256 under ERASURE_KEY, as hex. Without the key nobody can test an address.
    """

    lasting: ClassVar[bool] = True  # the app may not delete it
    impersonal = ("digest",)

    digest = models.CharField(max_length=64, unique=True)
    erased_at = models.DateTimeField()

    class Meta:
        verbose_name = _("erased identity")
        verbose_name_plural = _("erased identities")

    def __str__(self) -> str:
        return self.digest[:12]

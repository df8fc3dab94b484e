"""The people of the agency, their teams, and service users, which act but cannot sign in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Self
from zoneinfo import available_timezones

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import (
    AbstractBaseUser,
    BaseUserManager,
    Permission,
    PermissionsMixin,
)
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Lower
from django.utils.functional import cached_property
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from routing.kernel.history import Tracked
from routing.people.addresses import AddressField, LineField
from routing.people.rights import Rights, rights_of

# RFC 2606: .invalid never resolves, so nobody can receive a sign-in code.
SYSTEM_EMAIL = "system@throughline.invalid"


def validate_timezone(name: str) -> None:
    if name not in available_timezones():
        raise ValidationError(
            _("“%(name)s” is not a time zone. Use an IANA name such as Europe/Berlin."),
            params={"name": name},
        )


class UserQuerySet(models.QuerySet["User"]):
    def people(self) -> Self:
        return self.filter(kind=User.Kind.PERSON)

    def staff(self) -> Self:
        return self.people().filter(is_staff=True, is_active=True)

    def who_may(self, permission: str) -> Self:
        """Filter for people with a permission, such as ``routing.own_workitem``."""
        return self.filter(self._may(permission))

    def with_rights(self, **permissions: str) -> Self:
        """Annotate people with whether they have each permission, by the names given to them."""
        asked = {
            name: models.ExpressionWrapper(self._may(each), output_field=models.BooleanField())
            for name, each in permissions.items()
        }
        return self.annotate(**asked)

    def _may(self, permission: str) -> models.Q:
        app, codename = permission.split(".")
        held = Permission.objects.filter(content_type__app_label=app, codename=codename)
        by_role = models.Q(groups__permissions__in=held) | models.Q(user_permissions__in=held)
        able = self.model._default_manager.filter(by_role | models.Q(is_superuser=True))
        return models.Q(pk__in=able.order_by().values("pk"))


class UserManager(BaseUserManager["User"]):
    def get_queryset(self) -> UserQuerySet:
        return UserQuerySet(self.model, using=self._db)

    def people(self) -> UserQuerySet:
        return self.get_queryset().people()

    def staff(self) -> UserQuerySet:
        return self.get_queryset().staff()

    def system(self) -> User:
        """Return the service user that acts when no person does."""
        return self.service(SYSTEM_EMAIL, "Throughline")

    def service(self, email: str, name: str) -> User:
        """Return a user that can act but never sign in. It is created on first use."""
        found = self.filter(email=email).first()
        if found is None:
            # Two workers may get here at once. Ignoring the conflict and reading again gives both
            # the same user, and no error that would break a surrounding transaction.
            self.bulk_create(
                [
                    User(
                        email=email,
                        full_name=name,
                        kind=User.Kind.SERVICE,
                        password=make_password(None),
                    )
                ],
                ignore_conflicts=True,
            )
            found = self.get(email=email)
        return found

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        user = User(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> User:
        # Addresses are stored in one form, and people type them in many.
        return self.get(email__iexact=username)


class User(AbstractBaseUser, PermissionsMixin):
    class Kind(models.TextChoices):
        PERSON = "person", _("Person")
        SERVICE = "service", _("Service")

    redactable = ("email", "full_name")
    impersonal = ("password", "timezone", "kind", "skills")

    email = AddressField(_("e-mail"), unique=True)
    full_name = LineField(_("name"), max_length=120)
    timezone = models.CharField(
        _("time zone"), max_length=64, default="UTC", validators=[validate_timezone]
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.PERSON)
    is_active = models.BooleanField(_("active"), default=True)
    is_staff = models.BooleanField(
        _("staff"), default=False, help_text=_("Can sign in to the desk.")
    )
    skills = ArrayField(
        models.CharField(max_length=40),
        verbose_name=_("skills"),
        blank=True,
        default=list,
        db_default=[],  # during a deployment, older code inserts rows without this column
        help_text=_("Lower-case codes, separated by commas."),
    )
    # Part of the hash of every session. Raising it ends all sessions of the user.
    session_epoch = models.PositiveIntegerField(default=0, editable=False)
    date_joined = models.DateTimeField(_("joined"), default=now, editable=False)

    # Service users come with their first use, and can never sign in.
    made_without_history: ClassVar[dict[str, str]] = {"kind": "service"}
    # History is never rewritten, so it gets no personal data and no secrets.
    history = Tracked(
        excluded_fields=("password", "email", "full_name", "last_login", "session_epoch")
    )
    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["full_name"]

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        ordering = ("full_name",)
        constraints = (
            models.UniqueConstraint(Lower("email"), name="user_email_lower_unique"),
            models.CheckConstraint(
                condition=models.Q(kind="person") | models.Q(is_staff=False, is_superuser=False),
                name="service_users_never_sign_in",
            ),
        )

    def __str__(self) -> str:
        return self.full_name

    @cached_property
    def rights(self) -> Rights:
        """Return the permissions and teams, read once. Load the user again for newer ones."""
        return rights_of(self)

    def get_full_name(self) -> str:
        return self.full_name

    def get_short_name(self) -> str:
        return self.full_name.split(" ")[0]

    def get_session_auth_hash(self) -> str:
        """Return Django's hash of the password with the epoch, which rises when a role is lost."""
        return f"{super().get_session_auth_hash()}:{self.session_epoch}"

    def get_session_auth_fallback_hash(self) -> Iterator[str]:
        """Yield the same hash for each older secret key."""
        for made in super().get_session_auth_fallback_hash():
            yield f"{made}:{self.session_epoch}"


class Team(models.Model):
    redactable = ("name",)

    name = LineField(_("name"), max_length=80, unique=True)
    lead = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="leads", verbose_name=_("lead")
    )
    members = models.ManyToManyField(
        User, through="TeamMembership", related_name="teams", verbose_name=_("members")
    )

    history = Tracked()

    class Meta:
        verbose_name = _("team")
        verbose_name_plural = _("teams")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class TeamMembership(models.Model):
    team = models.ForeignKey(Team, on_delete=models.CASCADE, verbose_name=_("team"))
    user = models.ForeignKey(User, on_delete=models.PROTECT, verbose_name=_("person"))

    history = Tracked()

    class Meta:
        verbose_name = _("team membership")
        verbose_name_plural = _("team memberships")
        constraints = (
            models.UniqueConstraint(
                fields=("team", "user"),
                name="team_member_once",
                deferrable=models.Deferrable.IMMEDIATE,
            ),
        )

    def __str__(self) -> str:
        return f"{self.user} · {self.team}"

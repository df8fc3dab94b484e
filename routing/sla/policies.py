"""SLAPolicy and Target: the working time that kinds of work may take."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from routing.kernel.history import Tracked
from routing.sla.calendars import wrong
from routing.work.kinds import models_by_kind

ESCALATE_EVERY = timedelta(hours=4)  # half a working day
MOST_WORKTIME = timedelta(hours=2_000)  # about a year of office hours; more is a typing error

PURPOSES = {
    "first_look": _("First look"),
    "first_response": _("First response"),
    "triage": _("Triage"),
    "resolution": _("Resolution"),
    "approval": _("Approval"),
    "delivery": _("Delivery"),
}


def purpose_label(purpose: str) -> str:
    """Return the label of a purpose. Purposes of one agency alone have none but their name."""
    return str(PURPOSES.get(purpose) or purpose.replace("_", " ").replace("-", " ").capitalize())


class SLAPolicy(models.Model):
    """
    SLA targets for several kinds of work, measured in the hours of one calendar or in the common
    hours of two.

    ``version`` rises with every change of the policy or a target (see
    ``operations.calendars.save_policy``). A ``PromiseChange`` says whether open clocks keep their
    terms.
    """

    class Source(models.TextChoices):
        TEAM = "team", _("The team's hours")
        CLIENT = "client", _("The client's hours")
        AGENCY = "agency", _("The agency's hours")
        ALWAYS = "always", _("Around the clock")

    redactable = ("name",)
    impersonal = ("slug", "calendar_source", "also_source")

    slug = models.SlugField(_("slug"), unique=True)
    name = models.CharField(_("name"), max_length=80, unique=True)
    calendar_source = models.CharField(
        _("counts in"), max_length=6, choices=Source, default=Source.TEAM
    )
    also_source = models.CharField(
        _("and only within"),
        max_length=6,
        choices=Source,
        blank=True,
        default="",
        help_text=_("Leave empty to use the first calendar only."),
    )
    version = models.PositiveIntegerField(_("version"), default=1, editable=False)

    history = Tracked()

    class Meta:
        verbose_name = _("SLA policy")
        verbose_name_plural = _("SLA policies")
        ordering = ("name",)
        default_permissions = ("add", "change", "view")

    def __str__(self) -> str:
        return self.name

    @property
    def sources(self) -> tuple[str, ...]:
        """Return the sources that limit the hours, so without ``always``."""
        named = dict.fromkeys((self.calendar_source, self.also_source))
        return tuple(source for source in named if source not in {"", self.Source.ALWAYS})


class Target(models.Model):
    """
    The working time within which one kind of work must meet one purpose.

    Its clocks run in the states ``runs_in`` (all open states, if empty) and are met in one of
    ``met_in``. They pause on hold and while the work waits on somebody outside the agency.
    """

    impersonal = ("kind", "purpose", "runs_in", "met_in")

    policy = models.ForeignKey(
        SLAPolicy, on_delete=models.CASCADE, related_name="targets", verbose_name=_("policy")
    )
    kind = models.CharField(
        _("kind of work"), max_length=32, help_text=_("Such as request or exceptioncase.")
    )
    purpose = models.SlugField(
        _("purpose"), max_length=32, help_text=_("Such as first_response, triage or resolution.")
    )
    worktime = models.DurationField(
        _("working time"),
        validators=[MinValueValidator(timedelta(seconds=1)), MaxValueValidator(MOST_WORKTIME)],
        help_text=_("Hours:minutes:seconds, such as 08:00:00. One day is 24 hours."),
    )
    warn_percent = models.PositiveSmallIntegerField(
        _("warn at (percent)"),
        default=75,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
    )
    escalate_every = models.DurationField(
        _("escalate every"),
        default=ESCALATE_EVERY,
        db_default=ESCALATE_EVERY,
        validators=[MinValueValidator(timedelta(seconds=1)), MaxValueValidator(MOST_WORKTIME)],
        help_text=_(
            "Working time between escalation levels: backup, team lead, operations lead, default "
            "owner and backup."
        ),
    )
    runs_in = ArrayField(
        models.CharField(max_length=32),
        verbose_name=_("runs in"),
        default=list,
        blank=True,
        help_text=_("States, separated by commas. Leave empty for all."),
    )
    met_in = ArrayField(
        models.CharField(max_length=32),
        verbose_name=_("met in"),
        default=list,
        blank=True,
        help_text=_("States, separated by commas."),
    )

    history = Tracked()

    class Meta:
        verbose_name = _("target")
        verbose_name_plural = _("targets")
        ordering = ("policy", "kind", "worktime")
        constraints = (
            models.UniqueConstraint(
                fields=("policy", "kind", "purpose"),
                name="target_once_a_policy",
                deferrable=models.Deferrable.IMMEDIATE,
            ),
        )

    def __str__(self) -> str:
        return f"{self.policy}: {kind_name(self.kind)}, {purpose_label(self.purpose).lower()}"

    def said_in_history(self, column: str, value: Any) -> str | None:
        """Return a stored value in words, or None if it needs none of its own."""
        if column == "kind":
            return kind_name(value)
        if column == "purpose":
            return purpose_label(value)
        if column in {"runs_in", "met_in"} and value:
            labels = dict(labelled_states(self.kind))
            return ", ".join(labels.get(state, state) for state in value)
        return None

    def clean(self) -> None:
        states = states_of(self.kind)
        if not states:
            message = gettext("“%(kind)s” is not a kind of work. Kinds: %(kinds)s.")
            raise wrong("kind", message, kind=self.kind, kinds=", ".join(sorted(models_by_kind())))
        for field, named in (("runs_in", self.runs_in), ("met_in", self.met_in)):
            if unknown := [state for state in named if state not in states]:
                message = gettext("“%(state)s” is not a state of this kind. States: %(states)s.")
                raise wrong(field, message, state=unknown[0], states=", ".join(states))
        # In such a state the clock would have to start and be met at the same time.
        if both := sorted({*self.runs_in} & {*self.met_in}):
            raise wrong(
                "met_in",
                gettext("A clock cannot both run and be met in “%(state)s”."),
                state=both[0],
            )


def kind_name(kind: str) -> str:
    """Return the name of a kind of work, such as “exception” for ``exceptioncase``."""
    model = models_by_kind().get(kind)
    return str(model._meta.verbose_name) if model else kind


def states_of(kind: str) -> list[str]:
    return [value for value, _label in labelled_states(kind)]


def labelled_states(kind: str) -> list[tuple[str, str]]:
    """Return the states of a kind of work with their labels, in the order of the work."""
    model: type[models.Model] | None = models_by_kind().get(kind)
    if model is None:
        return []
    choices = getattr(model._meta.get_field("state"), "flatchoices", [])
    return [(str(value), str(label)) for value, label in choices]

"""SLAPolicy and its Targets: what is promised, in whose working time."""

from __future__ import annotations

from datetime import timedelta

from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from routing.kernel.history import Tracked
from routing.sla.calendars import wrong
from routing.work.items import WorkNoun

ESCALATE_EVERY = timedelta(hours=4)  # half a working day
MOST_WORKTIME = timedelta(hours=2_000)  # about a year of office hours: longer is a typing error


class SLAPolicy(models.Model):
    """
    SLA targets for several kinds of work, measured in one calendar's hours or in the common hours
    of two.

    ``version`` rises with every change of the policy or a target (see
    ``operations.calendars.save_policy``); open clocks keep the terms they were started under.
    """

    class Source(models.TextChoices):
        TEAM = "team", _("The team's hours")
        CLIENT = "client", _("The client's hours")
        AGENCY = "agency", _("The agency's hours")
        ALWAYS = "always", _("Around the clock")

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
        """The sources that bind, without ``always``, which binds nothing."""
        named = dict.fromkeys((self.calendar_source, self.also_source))
        return tuple(source for source in named if source not in {"", self.Source.ALWAYS})


class Target(models.Model):
    """
    One promise: how much working time one kind of work may take to one end.

    It runs in the states ``runs_in`` (every open state, if empty) and is met on reaching one of
    ``met_in``; it pauses on hold and while somebody outside the agency is waited for.
    """

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
                fields=("policy", "kind", "purpose"), name="target_once_a_policy"
            ),
        )

    def __str__(self) -> str:
        return f"{self.policy} · {self.kind} · {self.purpose}"

    def clean(self) -> None:
        states = states_of(self.kind)
        if not states:
            message = gettext("“%(kind)s” is not a kind of work. Kinds: %(kinds)s.")
            raise wrong("kind", message, kind=self.kind, kinds=", ".join(sorted(work_nouns())))
        for field, named in (("runs_in", self.runs_in), ("met_in", self.met_in)):
            if unknown := [state for state in named if state not in states]:
                message = gettext("“%(state)s” is not a state of this kind. States: %(states)s.")
                raise wrong(field, message, state=unknown[0], states=", ".join(states))
        if both := sorted({*self.runs_in} & {*self.met_in}):
            raise wrong(
                "met_in",
                gettext("A clock cannot both run and be met in “%(state)s”."),
                state=both[0],
            )


def work_nouns() -> dict[str, type[models.Model]]:
    """Every kind of work that is installed, by the name its items carry."""
    return {
        str(model._meta.model_name): model
        for model in apps.get_models()
        if issubclass(model, WorkNoun)
    }


def states_of(kind: str) -> list[str]:
    noun = work_nouns().get(kind)
    if noun is None:
        return []
    return [
        str(value) for value, _label in getattr(noun._meta.get_field("state"), "flatchoices", [])
    ]

"""RequestRule: how the requests of a client are named, and which tags they have."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from delivery.requests.naming import MOST_PATTERN, BadNamePattern, NamePattern, read_pattern
from delivery.requests.texts import storable
from routing.kernel.clean_text import one_line
from routing.kernel.history import Tracked
from routing.kernel.roles import EVERYONE, OPS, grant
from routing.people.clients import Client

MOST_TAGS, MOST_TAG = 50, 40  # of a client; characters of one

grant("delivery.view_requestrule", *EVERYONE)
grant("delivery.add_requestrule", OPS)
grant("delivery.change_requestrule", OPS)


def validate_pattern(text: str) -> None:
    try:
        read_pattern(text)
    except BadNamePattern as bad:
        raise ValidationError(str(bad)) from bad


def validate_tags(value: Any) -> None:
    """:raises ValidationError: unless it is a list of different short texts"""
    tags = value if isinstance(value, list) else [None]
    fine = all(
        isinstance(tag, str) and tag and tag == one_line(tag) and len(tag) <= MOST_TAG
        for tag in tags
    )
    if not fine or len(tags) > MOST_TAGS or len(set(tags)) < len(tags):
        raise ValidationError(
            _("Enter at most %(most)s different tags of at most %(length)s characters.")
            % {"most": MOST_TAGS, "length": MOST_TAG}
        )
    if not all(map(storable, tags)):
        raise ValidationError(_("A tag has characters that cannot be stored."))


class RequestRule(models.Model):
    """
    How the requests of a client are named and tagged. Without a client, it is for all clients that
    have no rule of their own.

    It is checked when a person records, edits or accepts a request. What clients and other systems
    send is never refused: it is named when it is accepted.
    """

    redactable = ("pattern", "tags")
    impersonal = ()

    client = models.ForeignKey(
        Client,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="request_rules",
        verbose_name=gettext_lazy("client"),
        help_text=gettext_lazy("Leave empty for all clients that have no rule of their own."),
    )
    pattern = models.CharField(
        gettext_lazy("titles"),
        max_length=MOST_PATTERN,
        blank=True,
        default="",
        validators=[validate_pattern],
    )
    tags = models.JSONField(
        gettext_lazy("tags"), blank=True, default=list, validators=[validate_tags]
    )
    tag_needed = models.BooleanField(gettext_lazy("a tag is required"), default=False)
    is_active = models.BooleanField(gettext_lazy("active"), default=True)

    history = Tracked()

    class Meta:
        verbose_name = gettext_lazy("request rule")
        verbose_name_plural = gettext_lazy("request rules")
        ordering = ("client__name", "id")
        default_permissions = ("add", "change", "view")
        constraints = (
            models.UniqueConstraint(
                fields=("client",),
                nulls_distinct=False,
                name="one_request_rule_a_client",
                violation_error_message=gettext_lazy(
                    "There is a rule for this client already. Change that one."
                ),
            ),
        )

    def __str__(self) -> str:
        return str(self.client) if self.client else _("All clients")

    def clean(self) -> None:
        if self.tag_needed and not self.tags:
            raise ValidationError({"tags": _("Enter the tags of which one is required.")})


@dataclass(frozen=True, slots=True)
class NamingRule:
    """The rule of one client, read: how titles are built, and the tags to choose from."""

    code: str
    pattern: NamePattern | None = None
    tags: Sequence[str] = ()
    tag_needed: bool = False

    def title_fault(self, title: str) -> str:
        """Return why a title does not fit, with an example, or an empty string."""
        if self.pattern is None or self.pattern.fits(title, self.code):
            return ""
        return _("Titles are named %(rule)s. Example: “%(example)s”.") % {
            "rule": self.pattern.text,
            "example": self.pattern.example(self.code),
        }

    def tags_fault(self, tags: Sequence[str]) -> str:
        """Return what is wrong with the tags of a request, or an empty string."""
        if self.tag_needed and not set(tags) & set(self.tags):
            return _("Choose at least one tag. Tags are: %(tags)s.") % {
                "tags": ", ".join(self.tags)
            }
        return ""


def rules_of(clients: Collection[int | None]) -> Mapping[int | None, NamingRule]:
    """Return the rule of each client by id, in two queries. No rule asks for nothing."""
    named = [pk for pk in clients if pk is not None]
    rows = RequestRule.objects.filter(Q(client=None) | Q(client__in=named), is_active=True)
    known = {row.client_id: row for row in rows}
    codes: dict[int, str] = {}
    if known:
        codes = dict(Client.objects.filter(pk__in=named).values_list("pk", "code"))
    found: dict[int | None, NamingRule] = {}
    for pk in clients:
        row = known.get(pk) or known.get(None)
        # Without a client, nobody knows yet which rule will count.
        code = codes.get(pk or 0, "")
        if row is None or pk is None:
            found[pk] = NamingRule(code)
        else:
            pattern = read_pattern(row.pattern) if row.pattern else None
            found[pk] = NamingRule(code, pattern, tuple(row.tags), row.tag_needed)
    return found

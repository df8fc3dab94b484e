"""Saving of templates: what they plan is never changed, each change is a new version."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils.translation import gettext as _

from delivery.plans.lines import BadLines, TemplateLine, read_lines
from delivery.plans.models import MOST_BODY, PlanTemplate, PlanTemplateVersion
from delivery.requests.texts import storable
from routing.kernel.roles import EVERYONE, OPS, grant
from routing.people.actors import Actor
from routing.people.saving import save_with_reason

grant("delivery.view_plantemplate", *EVERYONE)
grant("delivery.view_plantemplateversion", *EVERYONE)
grant("delivery.add_plantemplate", OPS)
grant("delivery.change_plantemplate", OPS)


@dataclass(frozen=True, slots=True)
class TemplateContent:
    """What a version of a template says: the text of the brief, and what it plans."""

    body: str
    lines: tuple[TemplateLine, ...]


def save_template(
    row: PlanTemplate, content: TemplateContent, *, by: Actor, at: datetime, reason: str = ""
) -> PlanTemplateVersion:
    """
    Save a new or edited template, and return its newest version.

    A content that differs from the newest version becomes the next one. Briefs that were filled
    from an earlier version stay as they are.

    :raises PermissionDenied: if ``by`` may not change templates
    :raises ValidationError: by field, if a name, a text or a line is invalid
    """
    by.require(
        f"delivery.{'change' if row.pk else 'add'}_plantemplate", to=_("change brief templates")
    )
    row.full_clean()
    lines = _checked(content)
    with transaction.atomic():
        # Locked, or two people who save at once would both get the same number.
        stored = PlanTemplate.objects.select_for_update().filter(pk=row.pk).first()
        if stored is None or _differs(stored, row):
            save_with_reason(row, by=by, at=at, reason=reason)
        newest = row.versions.order_by("-number").first()
        if newest is not None and (newest.body, newest.lines) == (content.body, lines):
            return newest
        return PlanTemplateVersion.objects.create(
            template=row,
            number=newest.number + 1 if newest else 1,
            body=content.body,
            lines=lines,
            reason=reason,
            by_id=by.user_id,
            at=at,
        )


def _checked(content: TemplateContent) -> Sequence[dict[str, object]]:
    """:raises ValidationError: if the content is empty, or cannot be stored or read again"""
    lines = [each.as_json() for each in content.lines]
    if not lines and not content.body.strip():
        raise ValidationError(_("Enter a text or at least one planned deliverable."))
    if len(content.body) > MOST_BODY or not storable(content.body):
        raise ValidationError(
            {"body": _("The text is too long or has characters that cannot be stored.")}
        )
    try:
        read_lines(lines)
    except BadLines as error:
        raise ValidationError(list(error.faults)) from error
    return lines


def _differs(one: models.Model, other: models.Model) -> bool:
    names = [field.attname for field in one._meta.concrete_fields]
    return any(getattr(one, name) != getattr(other, name) for name in names)

"""Making a new flow from another, by way of its file, so that nothing of it is forgotten."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from routing.flows.files.shape import FlowShape
from routing.flows.files.stored import content_of, keep_flow_file
from routing.flows.files.text import BadFlowFile, read_flow_file, written
from routing.flows.models import Flow, FlowVersion, live_of
from routing.people.actors import Actor
from routing.people.staff import User

SLUG_LENGTH = 50


@dataclass(frozen=True, slots=True)
class FlowCopyDetails:
    """Name and people of a new flow that is made from another."""

    name: str
    owner: User
    backup: User


class NotCopied(ValueError):
    """No flow was made. ``faults`` say why, as sentences."""

    def __init__(self, *faults: str) -> None:
        super().__init__(" ".join(faults))
        self.faults = faults


def version_to_copy(flow: Flow) -> FlowVersion | None:
    """Return the live version of a flow, or its newest draft if nothing is live."""
    return live_of(flow.pk) or flow.versions.order_by("-number").first()


def copy_flow(
    source: FlowVersion, details: FlowCopyDetails, *, by: Actor, at: datetime, reason: str
) -> FlowVersion:
    """
    Create a flow with everything of ``source`` and its catalogue entry, and return its draft.

    The day of the last review stays behind, because nobody has reviewed the new flow, and so does
    an outcome owner who cannot act any more.

    :raises PermissionDenied: if ``by`` may not add flows
    :raises NotCopied: if the name is taken, or the version names what is not there any more
    """
    by.require("routing.add_flow", to="add flows")
    if is_name_taken(details.name):
        raise NotCopied(name_taken_words(details.name))
    try:
        with transaction.atomic():
            # Read like any file: an earlier version may have stored what would be refused today.
            file = read_flow_file(written(_content(source, details)).encode())
            draft = keep_flow_file(file, by=by, at=at, reason=reason, copied_from=source)
            # Somebody else took the slug since, and it is their flow: change nothing of it.
            if draft is None or draft.number > 1:
                raise NotCopied(name_taken_words(details.name))
    except BadFlowFile as error:
        raise NotCopied(*(f"{each.path}: {each.message}" for each in error.faults)) from None
    except IntegrityError:
        # Somebody made a flow of this name at the same moment.
        raise NotCopied(name_taken_words(details.name)) from None
    return draft


def _content(source: FlowVersion, details: FlowCopyDetails) -> FlowShape:
    """Return the content of the new flow."""
    content = content_of(source)
    answers = User.objects.staff().filter(email=content.outcome_owner).exists()
    return content.model_copy(
        update={
            "flow": free_slug(details.name),
            "name": details.name,
            "owner": details.owner.email,
            "backup": details.backup.email,
            "outcome_owner": content.outcome_owner if answers else "",
            "last_review": None,
        }
    )


def free_slug(name: str) -> str:
    """Return the slug of a new flow by its name, with a number if there is such a flow already."""
    base = slugify(name).replace("_", "-").strip("-")[: SLUG_LENGTH - 4].strip("-") or "flow"
    taken = set(Flow.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    number, found = 2, base
    while found in taken:
        found, number = f"{base}-{number}", number + 1
    return found


def is_name_taken(name: str) -> bool:
    return Flow.objects.filter(name__iexact=name).exists()


def name_taken_words(name: str) -> str:
    return _("There is a flow “%(name)s” already. Choose another name.") % {"name": name}

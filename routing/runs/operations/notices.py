"""
The action Notify of a flow: a note on the work and a message that leads to it.

The note holds the words, because a message says only what kind it is of.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from routing.flows.actions import (
    ActionInput,
    ActionKind,
    ActionRefused,
    InputChoice,
    action_kind,
)
from routing.flows.change_classes import ChangeClass
from routing.kernel.roles import Role
from routing.messages.models import ANY_OPEN, Notification
from routing.messages.operations import write as write_notifications
from routing.people.actors import Actor
from routing.people.clearance import clearance_of
from routing.people.staff import Team, User
from routing.runs.models import Run
from routing.runs.registry import RoutedRun
from routing.work.items import WorkItem
from routing.work.notes import MOST_SIGNS, Note
from routing.work.operations import notes

TO, TEXT = "to", "text"
OWNER, BACKUP = "owner", "backup"
REQUEST = "request"


def recipients() -> list[InputChoice]:
    """Return everybody who can be notified: people of the work, roles, teams and people."""
    found = [
        InputChoice(OWNER, gettext_lazy("Owner of the work")),
        InputChoice(BACKUP, gettext_lazy("Backup of the work")),
    ]
    for role in Role:
        words = _("Role: %(name)s") % {"name": role.label}
        found.append(InputChoice(f"role:{role.value}", words))
    for team in Team.objects.order_by("name"):
        words = _("Team: %(name)s") % {"name": team.name}
        found.append(InputChoice(f"team:{team.pk}", words, f"team:{team.name}"))
    for user in User.objects.staff().order_by("full_name", "pk"):
        words = _("Person: %(name)s") % {"name": user.full_name}
        found.append(InputChoice(f"person:{user.pk}", words, f"person:{user.email}"))
    return found


def notify(jobs: Sequence[RoutedRun], by: Actor, at: datetime) -> Mapping[int, ActionRefused]:
    """Write the note and the messages of each run."""
    refused: dict[int, ActionRefused] = {}
    clearance = clearance_of(job.run.item.client for job in jobs if job.run.item.client)
    abouts = _abouts([job.run for job in jobs])
    made: list[Notification] = []
    for job in jobs:
        people = clearance.among(_people(job), job.client_id)
        text = job.inputs.get(TEXT, "").strip()[:MOST_SIGNS]
        if not people:
            refused[job.run.pk] = ActionRefused(
                _("Nobody is there to be notified: they left, or may not see this client.")
            )
            continue
        if not text:
            refused[job.run.pk] = ActionRefused(_("The message is empty."))
            continue
        about = abouts[job.run.pk]
        notes.write(about, body=text, audience=Note.Audience.INTERNAL, by=by, at=at, quiet=True)
        made += [_notification(job, about, user, at) for user in people]
    write_notifications(made, at=at)
    return refused


def _people(job: RoutedRun) -> list[int]:
    """Return the active people whom an action names, by id."""
    to, _colon, name = job.inputs.get(TO, "").partition(":")
    who = {
        OWNER: Q(pk=job.owner_id),
        BACKUP: Q(pk=job.backup_id),
        "role": Q(groups__name=name),
        "team": Q(teammembership__team=name) if name.isdecimal() else None,
        "person": Q(pk=name) if name.isdecimal() else None,
    }.get(to)
    if who is None:
        return []
    return list(User.objects.staff().filter(who).order_by("pk").values_list("pk", flat=True))


def _abouts(runs: Sequence[Run]) -> Mapping[int, WorkItem]:
    """Return the request of each run, which people work on, or the run if it has none."""
    found = {run.pk: run.item for run in runs}
    opened = WorkItem.objects.filter(kind=REQUEST, parent__in=[run.item_id for run in runs])
    found |= {item.run_id: item for item in opened.order_by("-pk") if item.run_id}
    return found


def _notification(job: RoutedRun, about: WorkItem, user: int, at: datetime) -> Notification:
    return Notification(
        recipient_id=user,
        item_id=about.pk,
        words=Notification.Words.FLOW_SAYS,
        while_state=ANY_OPEN,
        party="flow",
        dedupe_key=f"flow:{job.run.pk}:{job.action}:{user}",
        at=at,
    )


NOTIFY = action_kind(
    ActionKind(
        name="routing.notify",
        label=gettext_lazy("Notify"),
        changes=(gettext_lazy("Throughline: notes and notifications"),),
        undo=gettext_lazy(
            "A message that was sent stays. Write a note on the same work to correct it."
        ),
        carry_out=notify,
        inputs=(
            ActionInput(TO, gettext_lazy("To"), choices=recipients),
            ActionInput(
                TEXT,
                gettext_lazy("Message"),
                gettext_lazy(
                    "Fields in braces are replaced, such as {deal.name}. It becomes an internal "
                    "note on the work."
                ),
                long=True,
            ),
        ),
        # Nobody outside the agency sees it.
        change_class=ChangeClass.ROUTING,
    )
)

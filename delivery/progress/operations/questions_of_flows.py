"""The action Ask the client of a flow: a question about the request that the flow opened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from delivery.requests.details import AskDetails
from delivery.requests.models import Request
from delivery.requests.operations import requests
from routing.flows.actions import ActionInput, ActionKind, ActionRefused, action_kind
from routing.people.actors import Actor
from routing.runs.registry import RoutedRun

QUESTION = "question"
WHY = "Asked by a flow."


def ask(jobs: Sequence[RoutedRun], by: Actor, at: datetime) -> Mapping[int, ActionRefused]:
    """Put the question to the client of each run, in the portal, as a person would."""
    refused: dict[int, ActionRefused] = {}
    about = Request.objects.filter(item__run__in=[job.run.pk for job in jobs]).order_by("-pk")
    by_run = {row.item.run_id: row.pk for row in about.select_related("item")}
    for job in jobs:
        if job.run.pk not in by_run:
            words = _("There is no request to ask about.")
            refused[job.run.pk] = ActionRefused(words)
            continue
        details = AskDetails(question=job.inputs.get(QUESTION, "").strip())
        [result] = requests.ask([by_run[job.run.pk]], by=by, at=at, reason=WHY, details=details)
        if not result.done:
            said = " ".join(str(each.message) for each in result.refusals)
            refused[job.run.pk] = ActionRefused(said or _("The request is not new any more."))
    return refused


ASK = action_kind(
    ActionKind(
        name="delivery.ask_client",
        label=gettext_lazy("Ask the client"),
        changes=(gettext_lazy("Throughline: requests. The client is asked in the portal"),),
        undo=gettext_lazy(
            "A question that was asked stays. The owner can answer it for the client, or cancel "
            "the request."
        ),
        carry_out=ask,
        inputs=(
            ActionInput(
                QUESTION,
                gettext_lazy("Question"),
                gettext_lazy(
                    "Fields in braces are replaced, such as {deal.name}. The client reads it in "
                    "the portal, and is reminded after two days."
                ),
                long=True,
            ),
        ),
        needs_request=True,
    )
)

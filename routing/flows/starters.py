"""
Starters: complete flows in files of the product, to make a draft of.

What an agency names itself stands behind a dollar sign in the file, such as ``$team``. Everything
else is a flow file as ``manage.py flow import`` reads it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from string import Template
from typing import Any

import yaml
from django.utils.translation import gettext as _

from routing.flows.copying import NotCopied, free_slug, is_name_taken, name_taken_words
from routing.flows.event_catalogue import kind_words
from routing.flows.files.stored import keep_flow_file
from routing.flows.files.text import FlowFile, read_flow_file
from routing.flows.models import Flow, FlowVersion, Trigger
from routing.people.actors import Actor

FLOW, NAME = "flow", "name"
_starters: dict[str, Starter] = {}


@dataclass(frozen=True)
class Starter:
    """A starter, with a sample of the signal that starts its flow."""

    slug: str
    folder: Path

    @cached_property
    def text(self) -> str:
        return (self.folder / f"{self.slug}.yaml").read_text(encoding="utf-8")

    @cached_property
    def sample(self) -> Mapping[str, Any]:
        """Return the sample signal: the kind of its event as ``kind``, and what it brings."""
        text = (self.folder / f"{self.slug}.sample.json").read_text(encoding="utf-8")
        found: Mapping[str, Any] = json.loads(text)
        return found

    @cached_property
    def _shown(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = yaml.safe_load(self.text)
        return found

    @property
    def name(self) -> str:
        """Return the name that a flow gets unless another one is chosen."""
        return self.slug.replace("-", " ").capitalize()

    @property
    def does(self) -> str:
        """Return what its flow does, in one sentence."""
        return str(self._shown["purpose"])

    @property
    def outcome(self) -> str:
        return str(self._shown["outcome"])

    @property
    def started_by(self) -> str:
        """Return the kind of event that starts its flow, in words."""
        return kind_words(str(self.sample["kind"]))

    @property
    def asks(self) -> Sequence[str]:
        """Return what the agency names itself, in the order of the file."""
        return Template(self.text).get_identifiers()

    def filled(self, answers: Mapping[str, str]) -> FlowFile:
        """
        Return the flow with these names.

        :raises KeyError: if one is missing
        :raises BadFlowFile: if the flow cannot be one with these names
        """
        # A JSON text is a quoted text of YAML, whatever is in it.
        quoted = {name: json.dumps(value) for name, value in answers.items()}
        return read_flow_file(Template(self.text).substitute(quoted).encode())


def starter_folder(folder: Path) -> None:
    """Register the starters of a folder: a file of each flow, and one of its sample signal."""
    for path in sorted(folder.glob("*.yaml")):
        _starters[path.stem] = Starter(path.stem, folder)


def starters() -> Sequence[Starter]:
    return tuple(_starters.values())


def starter_named(slug: str) -> Starter | None:
    return _starters.get(slug)


def make_draft(
    starter: Starter, answers: Mapping[str, str], *, by: Actor, at: datetime
) -> FlowVersion:
    """
    Make a new flow of a starter, with a draft of its first version.

    :param answers: what the starter asks for, without the slug of the flow
    :raises PermissionDenied: if ``by`` may not change flows
    :raises NotCopied: if the name is taken
    :raises BadFlowFile: if the answers do not fit, such as one person as owner and backup
    """
    if is_name_taken(answers[NAME]):
        raise NotCopied(name_taken_words(answers[NAME]))
    file = starter.filled({**answers, FLOW: free_slug(answers[NAME])})
    reason = _("Made from the starter “%(name)s”.") % {"name": starter.name}
    draft = keep_flow_file(file, by=by, at=at, reason=reason, always=True)
    assert draft is not None  # always one
    return draft


def same_events(version: FlowVersion) -> Sequence[Flow]:
    """Return other flows with a live version that takes the same events as this draft."""
    others = Trigger.objects.live().exclude(version__flow=version.flow_id)
    found: dict[int, Flow] = {}
    for mine in version.triggers.all():
        same = others.filter(kind=mine.kind, field=mine.field, value=mine.value)
        found.update(
            (each.version.flow_id, each.version.flow)
            for each in same.select_related("version__flow")
        )
    return tuple(found.values())

"""Findings in the file of a flow, with their lines."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from routing.flows.files.stored import keep_flow_file, unresolved
from routing.flows.files.text import BadFlowFile, FileFault, path_text, read_flow_file
from routing.flows.lint import lint_findings
from routing.flows.operations import faults
from routing.people.actors import Actor


@dataclass(frozen=True, slots=True)
class FileFinding:
    """
    One finding. ``code`` is stable, ``line`` counts from 1.

    ``bad_file`` is a fault that keeps the file from being imported, ``not_publishable`` one that
    keeps its draft from being published.
    """

    code: str
    path: str
    line: int
    message: str
    near: tuple[str, ...] = ()


def lint_file(source: bytes, *, at: datetime) -> list[FileFinding]:
    """Return what is wrong with a file, and what its author may not expect. Nothing is kept."""
    try:
        file = read_flow_file(source)
    except BadFlowFile as error:
        return [_of_fault(each) for each in error.faults]
    wrong = unresolved(file)
    if wrong:
        return [_of_fault(each) for each in wrong]
    found: list[FileFinding] = []
    with transaction.atomic():
        # The checks of drafts read rows, so the draft is there for a moment.
        draft = keep_flow_file(
            file, by=Actor.system(), at=at, reason="", always=True, as_trial=True
        )
        assert draft is not None
        findings = lint_findings(draft)
        # A fault that is a finding too has its line there.
        placed = {each.message for each in findings}
        found += [
            FileFinding("not_publishable", "", 1, message)
            for message in faults(draft)
            if message not in placed
        ]
        for each in findings:
            line = file.fault(each.path, "").line
            found.append(
                FileFinding(
                    each.code, path_text(each.path), line, each.in_file or each.message, each.near
                )
            )
        transaction.set_rollback(True)
    return sorted(found, key=lambda finding: finding.line)


def _of_fault(fault: FileFault) -> FileFinding:
    return FileFinding("bad_file", fault.path, fault.line, fault.message)

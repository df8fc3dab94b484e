from __future__ import annotations

from typing import Any

from delivery.checks.kinds.base import CheckRule, Finding
from delivery.checks.kinds.catalogue import run
from delivery.checks.kinds.page import BudgetContext
from delivery.deliverables.manifest import FileEntry, Manifest

HERO = "a" * 64
PLAN = "b" * 64


def picture(role: str = "content", sha256: str = HERO, **fields: Any) -> FileEntry:
    known: dict[str, Any] = {
        "name": "bridge.jpg",
        "type": "image/jpeg",
        "size": 1000,
        "width": 1600,
        "height": 900,
        "alt": "A bridge at dawn",
    }
    return FileEntry(role, sha256, **(known | fields))


def failures(
    kind: str, manifest: Manifest, context: BudgetContext | None = None, /, **params: Any
) -> list[Finding]:
    [(_, findings)] = run([CheckRule(kind, params)], manifest, context)
    assert findings
    return [finding for finding in findings if not finding.passed]


def messages(kind: str, body: str, /, **params: Any) -> list[str]:
    return [str(finding.message) for finding in failures(kind, Manifest(body_html=body), **params)]

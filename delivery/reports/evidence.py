"""
The evidence pack of a run: its report and the ledger rows behind it, to be checked anywhere.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from delivery.reports.document import as_json, printed
from delivery.reports.forms import form_of
from delivery.reports.post_launch import post_launch
from delivery.reports.run_rows import RunRows
from routing.audit.pack.rows import PackedRows, packed_rows
from routing.kernel.events import Event
from routing.people.actors import Actor
from routing.runs.evidence_words import event_label
from routing.runs.models import Run
from routing.work.registry import announce

EXPORTED = announce("delivery.report.export_evidence")
event_label(EXPORTED.kind, _("Report: Evidence exported"))
MAY_EXPORT = "routing.view_seal"
BESIDE = Path(__file__).parent.parent.parent / "routing" / "audit" / "pack"
SCHEMA = {"name": "throughline.evidence", "version": 1}


def evidence_pack(run: Run, *, by: Actor, at: datetime) -> bytes:
    """
    Return a ZIP file with the report of a run, its ledger rows, and what checks them.

    The export is an event with the digest of the file. Work that ``by`` may not see is left out.

    :raises PermissionDenied: if ``by`` may not read the audit trail
    """
    by.require(MAY_EXPORT, to=str(_("export evidence")))
    with timezone.override(ZoneInfo("UTC")):
        report = post_launch(run, by=by, at=at, zone=ZoneInfo("UTC"))
        words, data = printed(report), as_json(report)
        files = {
            name: form_of(form, words, data, at)
            for name, form in (("report.html", "html"), ("report.json", "json"))
        }
    items = RunRows(run, by, at).seen
    files["ledger.json"] = _ledger(packed_rows(list(items), run.pk), run, at)
    for name in ("verify_pack.py", "VERIFY.md"):
        files[name] = (BESIDE / name).read_bytes()
    sums = [f"{sha256(body).hexdigest()}  {name}\n" for name, body in sorted(files.items())]
    files["SHA256SUMS"] = "".join(sums).encode()
    made = _zipped(files, at)
    digest = sha256(made).hexdigest()
    Event.objects.create(
        kind=EXPORTED.kind, object_id=run.pk, actor_id=by.user_id, at=at, digest=digest
    )
    return made


def _ledger(found: PackedRows, run: Run, at: datetime) -> bytes:
    body = {
        "schema": SCHEMA,
        "ref": run.item.ref,
        "made_at": _instant(at),
        "rows": found.rows,
        "seals": found.seals,
        "redactions": found.redactions,
        "chain": found.chain,
    }
    return (json.dumps(body, indent=1, ensure_ascii=False, default=_plain) + "\n").encode()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return _instant(value)
    raise TypeError(type(value).__name__)


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _zipped(files: Mapping[str, bytes], at: datetime) -> bytes:
    out = BytesIO()
    # Of its instant alone: the same rows at the same instant give the same bytes.
    moment = at.astimezone(UTC).timetuple()[:6]
    with ZipFile(out, "w", ZIP_DEFLATED) as folder:
        for name, body in sorted(files.items()):
            entry = ZipInfo(name, moment)
            entry.compress_type = ZIP_DEFLATED
            folder.writestr(entry, body)
    return out.getvalue()

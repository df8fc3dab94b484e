"""
Exports of a long list in each format: how long they take, and that memory does not grow with them.
"""

from __future__ import annotations

import gc
import re
import time
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from django.core.management import call_command
from django.http import QueryDict
from django.utils import timezone

from bench import report
from bench.seed import Seed
from config.embedded import postgres
from routing.desk.exporting import list_to_export, write_list
from routing.desk.exports import FORMATS
from routing.work.items import WorkItem

ROWS = 106_000  # at SCALE=1; the reader sees 95 of a hundred clients
EVERYTHING = "whose=all&open=all"
MOST_MB = 32  # that a process may need for a long list more than for a short one
STATUS = Path("/proc/self/status")


def exports(server: postgres.Postgres, *, repetitions: int, scale: float) -> dict[str, Any]:
    """The work queue as CSV, XLSX and JSON: all rows, and those of one client."""
    call_command("migrate", database="owner", verbosity=0)
    seed = Seed.made(max(10_000, round(ROWS * scale)), server.url(postgres.SUPERUSER))
    client = WorkItem.objects.filter(pk=seed.rows // 3).values_list("client", flat=True).get()
    figures: dict[str, Any] = {}
    checks: dict[str, bool] = {}
    for form in FORMATS:
        _measured(seed, f"{EVERYTHING}&client={client}", form)  # imports and caches
        short = _measured(seed, f"{EVERYTHING}&client={client}", form)
        whole = _measured(seed, EVERYTHING, form)
        figures |= {f"{form}_{name}": value for name, value in whole.items()}
        figures[f"{form}_peak_mb_of_{short['rows']}_rows"] = short["peak_mb"]
        more = whole["peak_mb"] - short["peak_mb"]
        checks[f"{form}: at most {MOST_MB} MB more for the long list"] = more <= MOST_MB
    return report.one("exports", figures, {}, checks)


def _measured(seed: Seed, query: str, form: str) -> dict[str, Any]:
    """Return rows, seconds, bytes, and by how many MB the peak of the process was above before."""
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak begins anew
    before, began = _kilobytes("VmRSS"), time.perf_counter()
    with TemporaryFile() as out:
        found = list_to_export("work", seed.reader, QueryDict(query))
        written = write_list(found, form, out, at=timezone.now())
    return {
        "rows": written.rows,
        "s": round(time.perf_counter() - began, 2),
        "mb": round(written.size / 1e6, 1),
        "peak_mb": round((_kilobytes("VmHWM") - before) / 1024, 1),
    }


def _kilobytes(name: str) -> int:
    found = re.search(rf"^{name}:\s+(\d+) kB$", STATUS.read_text(encoding="ascii"), re.MULTILINE)
    assert found is not None
    return int(found[1])

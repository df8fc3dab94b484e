"""Find a run by its reference or its subject, and any work by its reference."""

from __future__ import annotations

from routing.runs.models import Run
from routing.runs.questions.asked import AskedWork
from routing.work.items import WorkItem
from routing.work.refs import ref_in


def as_ref(name: str) -> str:
    """Return the reference that a text is, however its hyphen and its letters are written."""
    return ref_in(name) or name.strip().upper()


def find_run(name: str) -> Run | None:
    """
    Find a run by its reference, by that of any work in it, or by ``source/type/id``.

    If several match, return the newest.
    """
    runs = Run.objects.select_related(
        "item__client", "item__owner", "item__backup", "flow", "version"
    ).order_by("-id")
    source, _, about = name.partition("/")
    kind, _, subject = about.partition("/")
    if subject:
        return runs.filter(source=source, subject_type=kind, subject_id=subject).first()
    return runs.filter(work__ref=as_ref(name)).first()


def find_work(name: str) -> WorkItem | None:
    """
    Find any work by its reference, or a run by ``source/type/id``.

    It has the relations that the ten questions read.
    """
    found = AskedWork.items().filter(ref=as_ref(name)).first()
    if found is None and "/" in name and (run := find_run(name)):
        found = AskedWork.items().filter(pk=run.item_id).first()
    return found

"""Find a run by what people know of it."""

from __future__ import annotations

from routing.runs.models import Run


def find_run(name: str) -> Run | None:
    """
    By the reference of the run or of any work that belongs to it, or by ``source/type/id``; the
    newest where several fit.
    """
    runs = Run.objects.select_related(
        "item__client", "item__owner", "item__backup", "flow", "version"
    ).order_by("-id")
    source, _, about = name.partition("/")
    kind, _, subject = about.partition("/")
    if subject:
        return runs.filter(source=source, subject_type=kind, subject_id=subject).first()
    return runs.filter(work__ref__iexact=name).first()

"""Find a run by its reference or its subject."""

from __future__ import annotations

from routing.runs.models import Run


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
    return runs.filter(work__ref__iexact=name).first()

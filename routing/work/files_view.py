"""
Downloads of files for people who may see them, in a form that no browser runs.

Images also have previews.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import structlog
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseNotModified
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe

from routing.kernel.storage import private
from routing.people.actors import actor_of
from routing.work.display import size
from routing.work.file_types.refusal import NotKept
from routing.work.files import File
from routing.work.previews import TYPE, preview_of
from routing.work.visibility import files_seen_by

log = structlog.get_logger(__name__)
# Nothing in a file may run, even if a browser shows it in a tab of its own.
INERT = "default-src 'none'; frame-ancestors 'none'; sandbox"


def address_of(file: File) -> str:
    return reverse("file", args=(file.pk, str(file)))


def described(file: File) -> dict[str, Any]:
    """Return the data of a file for a page."""
    kind = file.type.rpartition("/")[2].rpartition(".")[2]
    pixels = f"{file.width} × {file.height}" if file.is_image else ""
    facts = (kind, pixels, size(file.size), str(file.get_scan_display()))
    return {
        "file": file,
        "url": address_of(file) if file.is_kept else "",
        "facts": " · ".join(fact for fact in facts if fact),
    }


@require_safe
@login_required
def show(request: HttpRequest, file_id: int, name: str) -> HttpResponseBase:
    """
    Serve a file to staff. A hidden file answers like one that does not exist.

    ``name`` only makes the address readable.
    """
    file = files_seen_by(actor_of(request)).filter(pk=file_id).first()
    if file is None:
        raise Http404
    return respond(file, inline_preview="preview" in request.GET, request=request)


def respond(
    file: File, *, inline_preview: bool = False, request: HttpRequest | None = None
) -> HttpResponseBase:
    """
    Return the file as a download, or an image's preview for a page. The caller checks permission.

    :param request: if given, a browser that has the file already gets a 304
    :raises Http404: if the bytes are gone, or there is no preview
    """
    if not file.is_kept or (inline_preview and not file.is_image):
        raise Http404
    etag = f'"{file.sha256}{"-preview" if inline_preview else ""}"'
    answer: HttpResponseBase = HttpResponseNotModified()
    if request is None or get_conditional_response(request, etag=etag) is None:
        answer = _opened(file, inline_preview)
    return _guarded(answer, etag)


def _opened(file: File, inline_preview: bool) -> HttpResponseBase:
    try:
        if inline_preview:
            return HttpResponse(
                preview_of(file), content_type=TYPE, headers={"Content-Disposition": "inline"}
            )
        stream: Any = private().open(file.storage_key)
    except NotKept as error:
        raise Http404 from error
    except FileNotFoundError as error:
        log.exception("file_without_bytes", file=file.pk)
        raise Http404 from error
    answer = FileResponse(
        stream,
        content_type=f"{file.type}; charset=utf-8" if file.type.startswith("text/") else file.type,
    )
    answer["Content-Length"] = file.size
    answer["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(str(file), safe='')}"
    return answer


def _guarded(answer: HttpResponseBase, etag: str) -> HttpResponseBase:
    answer["ETag"] = etag
    # Browsers may cache the file but must ask each time, because rights can end at once.
    answer["Cache-Control"] = "private, no-cache, no-transform"
    answer["Content-Security-Policy"] = INERT
    answer["Cross-Origin-Resource-Policy"] = "same-origin"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer

"""
Downloads of files for people who may see them, in a form that no browser runs.

Images also have previews, and tables a page that shows them.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any
from urllib.parse import quote
from uuid import UUID

import structlog
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseNotModified
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe

from routing.kernel.storage import private
from routing.people.actors import actor_of
from routing.work.display import size
from routing.work.file_types.sheets import MOST_ROWS, read_sheet
from routing.work.files import File
from routing.work.previews import TYPE, ImagePreview, want
from routing.work.visibility import files_seen_by

log = structlog.get_logger(__name__)
# Nothing in a file may run, even if a browser shows it in a tab of its own.
INERT = "default-src 'none'; frame-ancestors 'none'; sandbox"

TABLE_POLICY = (
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; sandbox allow-same-origin allow-downloads"
)
# A grey frame, shown until the preview is drawn.
PLACEHOLDER = (
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 3"><path fill="#ddd" d="M0 0h4v3H0z"/>'
    b"</svg>"
)


def address_of(file: File) -> str:
    return reverse("file", args=(file.key, str(file)))


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
def show(request: HttpRequest, key: UUID | int, name: str) -> HttpResponseBase:
    """
    Serve a file to staff. A hidden file answers like one that does not exist.

    ``name`` only makes the address readable. Earlier versions used a number as the key.
    """
    file = files_seen_by(actor_of(request)).addressed(key).first()
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
    if request is not None and file.is_table and "table" in request.GET:
        return _table(file, request)
    etag = f'"{file.sha256}{"-preview" if inline_preview else ""}"'
    answer: HttpResponseBase = HttpResponseNotModified()
    if request is None or get_conditional_response(request, etag=etag) is None:
        answer = _preview(file) if inline_preview else _opened(file)
    return _guarded(answer, etag)


def _preview(file: File) -> HttpResponse:
    """
    Return the preview, or a placeholder while it is being drawn.

    :raises Http404: if the image cannot be drawn
    """
    row = ImagePreview.objects.filter(sha256=file.sha256).first()
    if row is not None and row.picture is not None:
        answer = HttpResponse(bytes(row.picture), content_type=TYPE)
    elif row is not None and row.fault:
        raise Http404
    else:
        if row is None:  # uploaded before previews were drawn in the background, or forgotten
            want(file.sha256, at=timezone.now())
        answer = HttpResponse(PLACEHOLDER, content_type="image/svg+xml", status=HTTPStatus.ACCEPTED)
        answer["Retry-After"] = "5"
    answer["Content-Disposition"] = "inline"
    return answer


def _table(file: File, request: HttpRequest) -> HttpResponse:
    """Return a page with the beginning of a table. It runs nothing, and loads only our style."""
    with _stored(file) as stream:
        sheet = read_sheet(stream)
    context = {"file": file, "sheet": sheet, "address": request.path, "limit": MOST_ROWS}
    answer = HttpResponse(render_to_string("files/table.html", context, request))
    answer["Content-Security-Policy"] = TABLE_POLICY
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cache-Control"] = "private, no-store"
    return answer


def _stored(file: File) -> Any:
    """:raises Http404: if the bytes are missing from the storage"""
    try:
        return private().open(file.storage_key)
    except FileNotFoundError as error:
        log.exception("file_without_bytes", file=file.pk)
        raise Http404 from error


def _opened(file: File) -> HttpResponseBase:
    answer = FileResponse(_stored(file), content_type=file.type)
    answer["Content-Length"] = file.size
    answer["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(str(file), safe='')}"
    return answer


def _guarded(answer: HttpResponseBase, etag: str) -> HttpResponseBase:
    if answer.status_code != HTTPStatus.ACCEPTED:  # a placeholder is not kept
        answer["ETag"] = etag
    # Browsers may cache the file but must ask each time, because rights can end at once.
    answer["Cache-Control"] = "private, no-cache, no-transform"
    answer["Content-Security-Policy"] = INERT
    answer["Cross-Origin-Resource-Policy"] = "same-origin"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer

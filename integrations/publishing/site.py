"""GET /site/<connection>/<path>: serve the pages of static destinations to the public."""

from __future__ import annotations

import re
from email.utils import formatdate
from pathlib import Path

from django.http import (
    FileResponse,
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponsePermanentRedirect,
)
from django.http.response import HttpResponseBase
from django.utils.http import quote_etag
from django.views.decorators.http import require_safe

from integrations.adapters.static.adapter import StaticAdapter
from integrations.adapters.static.folder import INDEX, folder_of
from integrations.adapters.static.page import TYPES
from integrations.base.adapter import Permanent
from integrations.base.connections import Connection

# Pages of clients are on the same host as the desk, so they may run no script and send no form.
POLICY = (
    "default-src 'none'; img-src 'self' https:; media-src 'self' https:; style-src 'self'; "
    "base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
KINDS = {**TYPES, "html": "text/html; charset=utf-8", "css": "text/css; charset=utf-8"}
# No step of a path may begin with a dot, so drafts and unfinished files are not served.
_PATH = re.compile(r"([a-z0-9][a-z0-9_-]*/)*([a-z0-9][a-z0-9_-]*(\.[a-z0-9]+)?)?")


@require_safe
def page(request: HttpRequest, slug: str, path: str) -> HttpResponseBase:
    """
    Serve a page or a file beside one.

    :raises Http404: for everything else, also for folders
    """
    if not _PATH.fullmatch(path):
        raise Http404
    # An inactive connection writes no more pages, but its published pages stay.
    connection = Connection.objects.filter(slug=slug, kind=StaticAdapter.kind).first()
    if connection is None:
        raise Http404
    try:
        file = folder_of(connection) / path
    except Permanent:
        raise Http404 from None
    if file.is_dir():
        if path and not path.endswith("/"):
            return HttpResponsePermanentRedirect(f"{request.path}/")
        file /= INDEX
    return _sent(request, file)


def _sent(request: HttpRequest, file: Path) -> HttpResponseBase:
    kind = KINDS.get(file.suffix.removeprefix("."))
    try:
        if kind is None or file.resolve() != file:  # symbolic links are not followed
            raise Http404
        found = file.stat()
        opened = file.open("rb")
    except OSError:
        raise Http404 from None
    tag = quote_etag(f"{found.st_mtime_ns:x}-{found.st_size:x}")
    if request.headers.get("If-None-Match") == tag:
        opened.close()
        answer: HttpResponseBase = HttpResponse(status=304)
    else:
        answer = FileResponse(opened, content_type=kind)
        answer["Last-Modified"] = formatdate(found.st_mtime, usegmt=True)
    answer["ETag"] = tag
    # An SVG can hold scripts. The sandbox takes their origin away.
    answer["Content-Security-Policy"] = POLICY if kind.startswith("text/") else f"{POLICY}; sandbox"
    answer["X-Content-Type-Options"] = "nosniff"
    # Names of other files hold a digest, so a new version has a new name.
    max_age_s = 60 if file.name == INDEX else 86400
    answer["Cache-Control"] = f"public, max-age={max_age_s}"
    return answer

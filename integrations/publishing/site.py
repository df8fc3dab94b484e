"""
GET /site/<connection>/<path>: the pages of static destinations, for everybody. Files as they lie
there, nothing else.
"""

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

# Pages of clients beside our own desk: nothing runs, nothing is sent, nobody may frame them.
POLICY = (
    "default-src 'none'; img-src 'self' https:; media-src 'self' https:; style-src 'self'; "
    "base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
KINDS = {**TYPES, "html": "text/html; charset=utf-8", "css": "text/css; charset=utf-8"}
# So no step begins with a dot.
_PATH = re.compile(r"([a-z0-9][a-z0-9_-]*/)*([a-z0-9][a-z0-9_-]*(\.[a-z0-9]+)?)?")


@require_safe
def page(request: HttpRequest, slug: str, path: str) -> HttpResponseBase:
    """
    A page or a file beside one.

    :raises Http404: for everything else: there are no listings
    """
    if not _PATH.fullmatch(path):
        raise Http404
    connection = Connection.objects.filter(
        slug=slug, kind=StaticAdapter.kind
    ).first()  # also while it is switched off: pages stay
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
        if kind is None or file.resolve() != file:  # no link is followed, wherever it leads
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
    answer["Content-Security-Policy"] = POLICY if kind.startswith("text/") else f"{POLICY}; sandbox"
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cache-Control"] = (
        "public, max-age=60" if file.name == INDEX else "public, max-age=86400"
    )
    return answer

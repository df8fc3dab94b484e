"""
A version as a reader will see it, in a document of its own that runs nothing, loads nothing
foreign, and is framed by us alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.safestring import mark_safe

from delivery.deliverables.references import by_address
from delivery.deliverables.versions import Version
from routing.work.files import File

# Without allow-same-origin the pictures would be asked for without the reader's cookie, and so
# refused. Nothing can use it: scripts are allowed neither by the sandbox nor by the policy.
SANDBOX = "allow-same-origin"
POLICY = (
    "default-src 'none'; img-src 'self'; style-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'; sandbox " + SANDBOX
)


def preview(
    request: HttpRequest, version: Version, address_of: Callable[[File], str]
) -> HttpResponse:
    """
    The page of a version for a frame. Permission is the caller's to ask.

    :param address_of: where the reader gets a file; empty for one they may not see
    """
    files = [part.file for part in version.files.select_related("file")]
    places = {
        file.sha256: url + "?preview"
        for file in files
        if file.is_kept and file.is_image and (url := address_of(file))
    }
    # Sanitised before it was kept, by an allow-list that ends with every version.
    body = mark_safe(by_address(version.body_html, places))  # noqa: S308
    context: dict[str, Any] = {"version": version, "body": body}
    answer = HttpResponse(render_to_string("delivery/preview.html", context, request))
    answer["Content-Security-Policy"] = POLICY
    answer["X-Frame-Options"] = "SAMEORIGIN"
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cache-Control"] = "private, no-store"
    return answer

"""
Preview of a version, as a document of its own.

It runs no scripts, loads nothing from elsewhere, and only our own pages can frame it.
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

# Without allow-same-origin the browser would fetch images without the reader's cookie, and they
# would be refused. It gives away nothing: neither the sandbox nor the policy allows scripts.
SANDBOX = "allow-same-origin"
POLICY = (
    "default-src 'none'; img-src 'self'; style-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'; sandbox " + SANDBOX
)


def preview(
    request: HttpRequest, version: Version, address_of: Callable[[File], str]
) -> HttpResponse:
    """
    Return the page of a version for a frame. The caller checks the permission.

    :param address_of: the URL of a file; empty if the reader may not see it
    """
    files = [part.file for part in version.files.select_related("file")]
    places = {
        file.sha256: url + "?preview"
        for file in files
        if file.is_kept and file.is_image and (url := address_of(file))
    }
    # Every version is sanitised by an allow-list before it is stored.
    body = mark_safe(by_address(version.body_html, places))  # noqa: S308
    context: dict[str, Any] = {"version": version, "body": body}
    answer = HttpResponse(render_to_string("delivery/preview.html", context, request))
    answer["Content-Security-Policy"] = POLICY
    # For browsers that do not read frame-ancestors.
    answer["X-Frame-Options"] = "SAMEORIGIN"
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cache-Control"] = "private, no-store"
    return answer

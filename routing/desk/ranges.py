"""Downloads that go on where they were broken off: one range of bytes of a file (RFC 9110, 14)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import IO

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

CHUNK = 64 * 1024
_RANGE = re.compile(r"bytes=(?P<first>\d{0,18})-(?P<last>\d{0,18})", re.ASCII)


class RangeNotSatisfiable(ValueError):
    """The range begins behind the end of the file."""


def range_of(header: str, size: int) -> tuple[int, int] | None:
    """
    Return the first byte and the one behind the last, or None for the whole file.

    Whatever is not one range of bytes, such as two of them, means the whole file.

    :raises RangeNotSatisfiable: if nothing of the file is in the range
    """
    found = _RANGE.fullmatch(header.strip())
    if found is None or not (found["first"] or found["last"]):
        return None
    if not found["first"]:  # the last bytes
        count = int(found["last"])
        if not count or not size:
            raise RangeNotSatisfiable
        return max(size - count, 0), size
    first = int(found["first"])
    end = min(int(found["last"]) + 1, size) if found["last"] else size
    if found["last"] and int(found["last"]) < first:
        return None
    if first >= size:
        raise RangeNotSatisfiable
    return first, end


def answer_with(
    request: HttpRequest, stream: IO[bytes], *, size: int, etag: str, content_type: str
) -> HttpResponseBase:
    """
    Return the file, or the part of it that was asked for, if it still is the same file.

    :param stream: closed once it is sent
    :param etag: a strong one, in quotes
    """
    header = request.headers.get("Range", "")
    if request.headers.get("If-Range", etag) != etag or request.method != "GET":
        header = ""
    try:
        asked = range_of(header, size)
    except RangeNotSatisfiable:
        stream.close()
        answer = HttpResponse(status=HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
        answer["Content-Range"] = f"bytes */{size}"
        return answer
    first, end = asked or (0, size)
    sent = StreamingHttpResponse(_part(stream, first, end - first), content_type=content_type)
    if asked is not None:
        sent.status_code = HTTPStatus.PARTIAL_CONTENT
        sent["Content-Range"] = f"bytes {first}-{end - 1}/{size}"
    sent["Content-Length"] = end - first
    sent["Accept-Ranges"] = "bytes"
    sent["ETag"] = etag
    return sent


def _part(stream: IO[bytes], first: int, left: int) -> Iterator[bytes]:
    with stream:
        stream.seek(first)
        while left:
            part = stream.read(min(CHUNK, left))
            if not part:
                return
            left -= len(part)
            yield part

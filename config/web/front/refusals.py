"""Responses to requests that no thread will see. They repeat nothing of the request."""

from __future__ import annotations

from http import HTTPStatus

from gunicorn.http.errors import (
    ExpectationFailed,
    LimitRequestHeaders,
    LimitRequestLine,
    UnsupportedTransferCoding,
)

_STATUSES: dict[type[Exception], HTTPStatus] = {
    LimitRequestLine: HTTPStatus.REQUEST_URI_TOO_LONG,
    LimitRequestHeaders: HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    UnsupportedTransferCoding: HTTPStatus.NOT_IMPLEMENTED,
    ExpectationFailed: HTTPStatus.EXPECTATION_FAILED,
}
_TEXTS = {
    HTTPStatus.BAD_REQUEST: "The request is not valid HTTP.",
    HTTPStatus.REQUEST_TIMEOUT: "The request took too long to arrive.",
    HTTPStatus.LENGTH_REQUIRED: "Send a Content-Length.",
    HTTPStatus.INSUFFICIENT_STORAGE: "Our storage is full, and nothing was saved. Try again later.",
    HTTPStatus.INTERNAL_SERVER_ERROR: "Something went wrong on our side.",
    HTTPStatus.SERVICE_UNAVAILABLE: "We are busy, and nothing was saved. Try again in a minute.",
}
RETRY_AFTER_S = 5


def status_of(error: Exception) -> HTTPStatus:
    """Return the status for an error of gunicorn's parser."""
    return _STATUSES.get(type(error), HTTPStatus.BAD_REQUEST)


def refusal(status: HTTPStatus) -> bytes:
    """Return a whole response, which ends its connection."""
    body = f"{_TEXTS.get(status, status.phrase)}\n".encode()
    head = [
        f"HTTP/1.1 {status.value} {status.phrase}",
        "Connection: close",
        "Content-Type: text/plain; charset=utf-8",
        f"Content-Length: {len(body)}",
        "Cache-Control: no-store",
        "X-Content-Type-Options: nosniff",
    ]
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        head.append(f"Retry-After: {RETRY_AFTER_S}")
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body

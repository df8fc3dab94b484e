"""Deadlines and bounds for clients. A deadline counts from its beginning, whatever arrives."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from config.web.direct import PREFIX as HOOKS
from integrations.inbox.bounds import MAX_BODY_BYTES as HOOK_BYTES
from routing.kernel.uploads import MOST_FILES

HEAD_S = 10.0  # for a whole head; a first byte and a last one count alike
HEAD_BYTES = 65_536
BODY_S = 20.0  # for a whole body, and a second more for each BODY_BYTES_PER_S
BODY_BYTES_PER_S = 20_000
SEND_S = 30.0  # for each SEND_BYTES of a response
SEND_BYTES = 65_536
LINGER_S = 2.0  # for a client that still sends, to read its answer
LINGER_BYTES = 1_000_000
QUEUE_S = 10.0  # for a free thread: whoever waits longer has given up or tries again
QUICK_QUEUE_S = 4.0  # for a sender, who comes again
RESERVED_THREADS = 2  # of each process, beside those for pages
QUICK = (HOOKS, "/healthz", "/readyz", "/metrics")
READ_BYTES = 65_536  # at once
MEMORY_BYTES = 262_144  # of a body; a longer one is put into a file
FORM_BYTES = 1_000_000  # beside the files of a form, and all that a stranger may send
SPARE_FILES = 256  # descriptors for all that are not clients


def body_deadline_s(length: int) -> float:
    return BODY_S + length / BODY_BYTES_PER_S


def is_quick(request: Any) -> bool:
    """Return whether it is a webhook or a probe: short work, for a program that gives up soon."""
    return bool(request.path.startswith(QUICK))


def body_bytes(request: Any) -> int:
    """
    Return how long a body may be.

    Only somebody with a session can upload files. The session itself is checked later, by Django.
    """
    if request.path.startswith(HOOKS):
        return HOOK_BYTES
    cookie = f"{settings.SESSION_COOKIE_NAME}="
    if any(name == "COOKIE" and cookie in value for name, value in request.headers):
        return most_body_bytes()
    return FORM_BYTES


def most_body_bytes() -> int:
    return int(settings.FILE_MAX_BYTES) * MOST_FILES + FORM_BYTES

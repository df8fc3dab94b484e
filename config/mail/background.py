"""
E-mails sent by a thread of this process and lost with it.

Only for e-mails that can be requested again.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from smtplib import SMTPException
from typing import Any

import structlog
from django.db import connections

log = structlog.get_logger(__name__)
_pool = ThreadPoolExecutor(max_workers=2, thread_name_prefix="after the answer")


def after(function: Callable[..., Any], *args: Any) -> Future[None]:
    """
    Call ``function`` beside the request.

    That it failed is logged by the error's class, never with what it was given.
    """
    return _pool.submit(copy_context().run, _quietly, function, args)


def _quietly(function: Callable[..., Any], args: tuple[Any, ...]) -> None:
    try:
        function(*args)
    except (SMTPException, OSError) as error:
        log.warning("mail_not_sent", error=type(error).__name__)
    finally:
        connections.close_all()  # this thread's own; the next letter may be hours away

"""
Send e-mails in a thread of this process.

They are lost if the process ends, so this is only for e-mails that can be requested again.
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
    Call ``function`` in another thread.

    A failure is logged with the class of its error only: the arguments can hold a sign-in code.
    """
    return _pool.submit(copy_context().run, _quietly, function, args)


def _quietly(function: Callable[..., Any], args: tuple[Any, ...]) -> None:
    try:
        function(*args)
    except (SMTPException, OSError) as error:
        log.warning("mail_not_sent", error=type(error).__name__)
    finally:
        connections.close_all()  # of this thread, which may be idle for hours now

"""The one handler of the front that catches everything, so that no client stops the others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from config.web.front.client import ClientConnection


def guarded(work: Callable[[ClientConnection], None], client: ClientConnection, log: Any) -> bool:
    """
    Do something for one client. Return whether that went well.

    Its traceback is logged without the request, whose path can hold a secret.
    """
    try:
        work(client)
    except (ConnectionError, TimeoutError):
        return False  # the client is gone, which is no error
    except (Exception, SystemExit):
        log.exception("Error handling a request")
        return False
    return True

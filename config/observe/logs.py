"""
Logs: one JSON object per line, with the id of the request.

They never hold a secret, a body or a query string. What a path or a message may hold of them is
masked in the last step before it is written, for every logger.
"""

from __future__ import annotations

import logging.config
import re
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from config.observe.masks import HIDDEN, mask

_SECRET_NAME = re.compile(
    r"(?i)(passw|secret|token|authorization|cookie|signature|api_?key|encryption_?key|body|payload"
    r"|credential|session_?(id|key)|recovery|otp)"
)


def hide(value: Any, name: str = "") -> Any:
    """
    Replace what looks like a secret, by its name or by its place in a path or an address.

    Other objects become text here: a request, for example, is written with its path.
    """
    if name and _SECRET_NAME.search(name):
        return HIDDEN
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, dict):
        return {key: hide(item, str(key)) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [hide(item) for item in value]
    return mask(str(value))


def redact(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    for name in list(event):
        if not name.startswith("_"):
            event[name] = hide(event[name], name)
    if isinstance(event.get("request"), str):
        event["request"] = event["request"].partition("?")[0]
    return event


_SHARED: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
]

# One list for every call of configure: loggers keep the list they were created with, and tests that
# capture logs replace its items.
_PROCESSORS: list[Processor] = [
    structlog.stdlib.filter_by_level,
    *_SHARED,
    structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
]


def _formatter(*, console: bool) -> dict[str, Any]:
    last: list[Processor] = [
        # A traceback becomes text before `redact`, so that a secret in it is hidden, too.
        structlog.processors.format_exc_info,
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        redact,
    ]
    if console:
        last.append(structlog.dev.ConsoleRenderer())
    else:
        last.append(structlog.processors.JSONRenderer(default=str))
    return {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": [*_SHARED, structlog.stdlib.ExtraAdder()],
        "processors": last,
    }


def config(*, level: str, console: bool) -> dict[str, Any]:
    """Return the settings for `logging.config.dictConfig`, for web, workers, beat and commands."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": _formatter(console=console)},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": level.upper()},
        "loggers": {
            # These have handlers of their own, which would write each line again in another format.
            "django": {"handlers": [], "propagate": True},
            "django.server": {"handlers": [], "propagate": True},
            "gunicorn.error": {"handlers": [], "propagate": True},
            # RequestMiddleware already logs every request.
            "django.request": {"level": "ERROR"},
            "celery.worker.strategy": {"level": "WARNING"},
            "celery.app.trace": {"level": "WARNING"},
            # At INFO it logs the URLs it calls, and those can hold a token.
            "httpx": {"level": "WARNING"},
        },
    }


def configure(settings: dict[str, Any]) -> None:
    """
    Configure structlog and the standard library to log into one stream.

    Called through settings.LOGGING_CONFIG.
    """
    structlog.configure(
        processors=_PROCESSORS,
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    logging.config.dictConfig(settings)

"""
Logs: one JSON object a line, with the request's id, and never a secret, a body or a query string.
"""

from __future__ import annotations

import logging.config
import re
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

HIDDEN = "***"
_SECRET_NAME = re.compile(
    r"(?i)(passw|secret|token|authorization|cookie|signature|api_?key|encryption_?key|body|payload)"
)
_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]+@")  # postgresql://role:password@host


def hide(value: Any, name: str = "") -> Any:
    """
    ``value`` without what looks like a secret by its name, its place in a URL, or a query string.
    """
    if name and _SECRET_NAME.search(name):
        return HIDDEN
    if isinstance(value, dict):
        return {key: hide(item, str(key)) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [hide(item) for item in value]
    if isinstance(value, str):
        return _CREDENTIALS.sub(f"{HIDDEN}@", value)
    return value


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

# One list for every call of configure: loggers keep the list they began with, and tests that listen
# replace what is in it.
_PROCESSORS: list[Processor] = [
    structlog.stdlib.filter_by_level,
    *_SHARED,
    structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
]


def _formatter(*, console: bool) -> dict[str, Any]:
    plain = [structlog.stdlib.ProcessorFormatter.remove_processors_meta, redact]
    last: list[Processor] = (
        [*plain, structlog.dev.ConsoleRenderer()]
        if console
        else [
            structlog.processors.format_exc_info,
            *plain,
            structlog.processors.JSONRenderer(default=str),
        ]
    )
    return {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": [*_SHARED, structlog.stdlib.ExtraAdder()],
        "processors": last,
    }


def config(*, level: str, console: bool) -> dict[str, Any]:
    """The form `logging.config.dictConfig` reads; web, worker, beat and commands all use it."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": _formatter(console=console)},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": level.upper()},
        "loggers": {
            # These bring handlers of their own, which would write every line twice and in another
            # form.
            "django": {"handlers": [], "propagate": True},
            "django.server": {"handlers": [], "propagate": True},
            "gunicorn.error": {"handlers": [], "propagate": True},
            # RequestMiddleware tells of every request already.
            "django.request": {"level": "ERROR"},
            "celery.worker.strategy": {"level": "WARNING"},
            "celery.app.trace": {"level": "WARNING"},
            # At INFO it prints the addresses it calls, and those can carry a token.
            "httpx": {"level": "WARNING"},
        },
    }


def configure(settings: dict[str, Any]) -> None:
    """
    Configure structlog and the standard library to log into one stream.

    Named by settings.LOGGING_CONFIG.
    """
    structlog.configure(
        processors=_PROCESSORS,
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    logging.config.dictConfig(settings)

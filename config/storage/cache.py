"""
Cache for data that may be lost.

Uses Valkey and, while that is away, the memory of each process.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import redis
import structlog
from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from django_prometheus.cache import metrics as counted
from redis.backoff import NoBackoff
from redis.retry import Retry

log = structlog.get_logger(__name__)

T = TypeVar("T")

LABEL = "native_redis"  # as django-prometheus names Django's own cache in Redis
_NOTHING = object()

# How long a server that did not answer is left alone: a page asks several times, and each would
# wait.
REST_S = 5.0
# Its own defaults wait five seconds and try again with pauses, while somebody waits for the page.
IMPATIENT: dict[str, Any] = {
    "socket_timeout": 1,
    "socket_connect_timeout": 1,
    "retry": Retry(NoBackoff(), 0),
}


class CountedCache(RedisCache):
    """
    Count what is asked for and found.

    The figures are django-prometheus's. Its own class for this needs django-redis to be installed,
    which nothing else here does.
    """

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        counted.django_cache_get_total.labels(backend=LABEL).inc()
        try:
            found = super().get(key, _NOTHING, version)
        except redis.RedisError:
            counted.django_cache_get_fail_total.labels(backend=LABEL).inc()
            raise
        if found is _NOTHING:
            counted.django_cache_misses_total.labels(backend=LABEL).inc()
            return default
        counted.django_cache_hits_total.labels(backend=LABEL).inc()
        return found


class Cache(CountedCache):
    """
    Counts how often somebody tried to sign in, and which codes were used.

    While Valkey is away each process counts for itself and begins anew: nobody is locked out, and
    guessing stays slow. What a page must not forget is a row, and not here.
    """

    _asks_again_at = 0.0  # of this process's monotonic clock, for all its threads

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._own = LocMemCache("while-valkey-is-away", params)

    def add(
        self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> bool:
        return self._try(
            partial(super().add, key, value, timeout, version),
            partial(self._own.add, key, value, timeout, version),
        )

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        return self._try(
            partial(super().get, key, default, version),
            partial(self._own.get, key, default, version),
        )

    def set(
        self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> None:
        self._try(
            partial(super().set, key, value, timeout, version),
            partial(self._own.set, key, value, timeout, version),
        )

    def delete(self, key: Any, version: int | None = None) -> bool:
        return self._try(
            partial(super().delete, key, version), partial(self._own.delete, key, version)
        )

    def _try(self, ask: Callable[[], T], otherwise: Callable[[], T]) -> T:
        if time.monotonic() >= Cache._asks_again_at:
            try:
                return ask()
            except redis.RedisError as error:  # away, frozen, still loading, or full
                Cache._asks_again_at = time.monotonic() + REST_S
                log.warning("cache_unanswered", error=type(error).__name__)
        return otherwise()

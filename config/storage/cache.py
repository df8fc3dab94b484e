"""
The cache, for data that may be lost.

It is in Valkey. While that does not answer, each process uses its own memory.
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

# After a failure, Valkey is not asked for this long. A page asks several times, and would wait each
# time.
REST_S = 5.0
# redis-py's defaults wait five seconds and retry with pauses. That is too long for a page.
IMPATIENT: dict[str, Any] = {
    "socket_timeout": 1,
    "socket_connect_timeout": 1,
    "retry": Retry(NoBackoff(), 0),
}


class CountedCache(RedisCache):
    """
    Counts hits and misses in django-prometheus's metrics.

    The library's own class needs django-redis, which nothing else here needs.
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
    Holds counts of sign-in attempts and used codes.

    While Valkey is away, each process starts its own counts: nobody is locked out, and guessing
    stays slow. Data that must not be lost belongs in a table.
    """

    _asks_again_at = 0.0  # on the monotonic clock, shared by all threads of the process

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

"""
The safe client for all calls to external systems.

It refuses private addresses, follows no redirect to another origin, and ends each call by a
deadline.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from math import isfinite
from time import time
from typing import Any, Self

import httpx
from django.utils.html import strip_tags
from httpx_retries import Retry, RetryTransport

from integrations.base.adapter import (
    CallFailed,
    Conflict,
    CredentialsRefused,
    NotFound,
    Permanent,
    PrivateAddress,
    Temporary,
    Unknown,
)
from integrations.base.origins import BadAddress, Origin, origin_of
from integrations.base.typed import storable
from integrations.http.network import BlockedAddress, SafeTransport, within

TOTAL_S = 10.0  # for a call with its quick retries; each 500 kB adds a second, see network.within
STEP_S = 10.0  # to connect, or to wait for the next bytes
MAX_ANSWER_BYTES = 4 * 1024 * 1024
MAX_REDIRECTS = 3
_TOKEN = re.compile(r"[\x21-\x7e]+")  # what a header can carry, RFC 6750
MAX_DIGITS = 25  # of a number in an answer; 64 bits have 20
MAX_WAIT_S = 24 * 3600.0  # a longer Retry-After is cut to this
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")

# Only for a few seconds. After a 429 or 503, the row that needs the answer is retried when it is
# due, so that no worker waits meanwhile.
_QUICK = Retry(
    total=2,
    allowed_methods=SAFE_METHODS,
    status_forcelist=[502, 504],
    backoff_factor=0.2,
    max_backoff_wait=1,
    total_timeout=3,
)
_QUICK_READ = _QUICK.copy_with(allowed_methods=[*SAFE_METHODS, "POST"])


@dataclass(frozen=True, slots=True)
class ClientResponse:
    """
    A complete answer of limited size.

    ``wrote`` is true if the call may have changed something.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str
    wrote: bool = False

    def json(self) -> Any:
        """
        Parse the answer as JSON that the database can store.

        :raises Temporary: if it is not JSON or cut off: maintenance pages can have status 200
        :raises Unknown: instead, if the call may have changed something
        """
        trouble = Unknown if self.wrote else Temporary
        if "json" not in self.headers.get("content-type", ""):
            raise trouble(
                f"The answer is {self.headers.get('content-type') or 'of no type'}, not JSON. It "
                f"is probably a maintenance page."
            )
        try:
            return storable(
                json.loads(self.body, parse_constant=_finite, parse_float=_finite, parse_int=_whole)
            )
        except (ValueError, RecursionError):
            raise trouble("The answer is not complete JSON.") from None


def _finite(text: str) -> float:
    """:raises ValueError: for NaN, Infinity and numbers that are none to the database"""
    number = float(text)
    if not isfinite(number):
        raise ValueError(text)
    return number


def _whole(text: str) -> int:
    """:raises ValueError: if it is longer than any id or count"""
    if len(text) > MAX_DIGITS:
        raise ValueError("too long")
    return int(text)


class SafeClient:
    """
    Calls one origin. Credentials are never sent to another.

    Calls share one connection while the client is open, so close it at the end.

    :param token: sent as a bearer token
    :param basic: ``user:password`` for basic authentication (RFC 7617)
    :param private: origins that may be private addresses, exactly as written
    """

    def __init__(
        self,
        base_url: str,
        *,
        token: str = "",
        basic: str = "",
        private: frozenset[Origin] = frozenset(),
        total_s: float = TOTAL_S,
        most_bytes: int = MAX_ANSWER_BYTES,
    ) -> None:
        self.origin, self.base_url = _checked(base_url), base_url.rstrip("/")
        self.total_s, self.most_bytes = total_s, most_bytes
        # No compression: a small compressed answer could grow beyond any limit.
        headers = {
            "accept": "application/json",
            "accept-encoding": "identity",
            "user-agent": "Throughline",
        }
        if token and not _TOKEN.fullmatch(token):
            raise CredentialsRefused(
                "The token has a space, a line end or a letter that no token has. Enter it again."
            )
        if token:
            headers["authorization"] = f"Bearer {token}"
        elif basic:
            headers["authorization"] = f"Basic {b64encode(basic.encode()).decode()}"
        # trust_env=False: a proxy from the environment would resolve names itself, and so skip our
        # check of addresses.
        self._client = httpx.Client(
            transport=RetryTransport(SafeTransport(private), retry=_QUICK),
            timeout=STEP_S,
            headers=headers,
            trust_env=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._client.close()

    def get(self, path: str, **params: str) -> ClientResponse:
        return self.call("GET", path, params=params)

    def call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        json: Any = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        reads: bool = False,
    ) -> ClientResponse:
        """
        Make a call, and repeat it within seconds if it only reads.

        :param path: below the base URL
        :param reads: True for a POST that only reads
        :raises Temporary: without a complete answer, or for 408, 425, 429 and 5xx
        :raises Unknown: instead, if the write may have happened
        :raises Permanent: for any other refusal, or for an address that may not be called
        """
        extensions = {"retry": _QUICK_READ} if reads else {}
        wrote = not (reads or method in SAFE_METHODS)
        with within(self.total_s), _call_errors(wrote=wrote):
            url = httpx.URL(self.base_url + path, **({"params": params} if params else {}))
            for _ in range(MAX_REDIRECTS + 1):
                request = self._client.build_request(
                    method, url, json=json, content=content, headers=headers, extensions=extensions
                )
                answer = self._send(request, wrote=wrote)
                if answer.status not in {301, 302, 303, 307, 308}:
                    return _judged(answer)
                url = self._next(method, request.url, answer)
        raise Permanent(f"More than {MAX_REDIRECTS} redirects.", answer.status)

    def _send(self, request: httpx.Request, *, wrote: bool) -> ClientResponse:
        response = self._client.send(request, stream=True)
        try:
            # Some servers compress all the same. The limit on bytes would not limit the result.
            if response.headers.get("content-encoding", "identity") != "identity":
                raise Permanent(
                    "The answer is compressed, although that was not requested.",
                    response.status_code,
                )
            url = str(request.url.copy_with(query=None))
            return ClientResponse(
                response.status_code,
                response.headers,
                _bounded(response, self.most_bytes),
                url,
                wrote,
            )
        finally:
            response.close()

    def _next(self, method: str, url: httpx.URL, answer: ClientResponse) -> httpx.URL:
        target = url.join(answer.headers.get("location", ""))
        # Redirects are followed here and not by httpx, because they must not leave the origin.
        if method not in SAFE_METHODS or _checked(str(target)) != self.origin:
            raise Permanent(
                "The external system redirects to another address. Use that address for the "
                "connection.",
                answer.status,
            )
        return target


def _checked(url: str) -> Origin:
    try:
        return origin_of(url)
    except BadAddress as error:
        raise Permanent(str(error)) from None


def _bounded(response: httpx.Response, most_bytes: int) -> bytes:
    parts, size = [], 0
    for part in response.iter_raw():
        size += len(part)
        if size > most_bytes:
            raise Permanent(f"The answer is longer than {most_bytes} bytes.", response.status_code)
        parts.append(part)
    return b"".join(parts)


# In these cases, the request was not sent completely or not accepted, so it had no effect.
NOT_DONE = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
NOT_TAKEN = (HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)


# Answers of a program that failed over one request. What a gateway or a limit answers (502, 503,
# 504, 507, 429) is about the whole system.
OF_OBJECT = (HTTPStatus.INTERNAL_SERVER_ERROR, HTTPStatus.NOT_IMPLEMENTED)
# Words with which programs say in a 500 that nothing works.
SYSTEM_WORDS = (
    "establishing a database connection",
    "could not connect to",
    "connection refused",
    "too many connections",
    "server has gone away",
    "no space left on device",
    "read-only",
)
READ_FOR_WORDS = 20_000  # bytes


@contextmanager
def _call_errors(*, wrote: bool) -> Iterator[None]:
    """Translate httpx's errors. Their text is dropped, because an address may hold an id."""
    try:
        yield
    except CallFailed:
        raise
    except BlockedAddress as error:
        raise PrivateAddress(str(error)) from None
    except httpx.TransportError as error:
        words = f"The connection failed ({type(error).__name__})."
        if isinstance(error, httpx.TimeoutException):
            words = "No complete answer in time."
        unknown = wrote and not isinstance(error, NOT_DONE)
        raise (Unknown if unknown else Temporary)(words) from None
    except httpx.InvalidURL:
        raise Permanent("This is not a valid address.") from None


def _judged(answer: ClientResponse) -> ClientResponse:
    """:raises CallFailed: for every status that is not a success"""
    status = answer.status
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return answer
    words = f"The other side answered {status}: {_reason(answer)}"
    if status in {408, 425, 429} or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        kind = Unknown if answer.wrote and status not in NOT_TAKEN else Temporary
        raise kind(
            words,
            _retry_after_s(answer.headers),
            status=status,
            of_object=status in OF_OBJECT and not _says_system(answer),
        )
    kinds = {
        401: CredentialsRefused,
        403: CredentialsRefused,
        404: NotFound,
        409: Conflict,
        410: NotFound,
        412: Conflict,
    }
    raise kinds.get(status, Permanent)(words, status)


def _says_system(answer: ClientResponse) -> bool:
    """Return whether the body of a 500 says that the fault is one of the whole system."""
    text = answer.body[:READ_FOR_WORDS].decode(errors="replace").lower()
    return any(words in text for words in SYSTEM_WORDS)


def _retry_after_s(headers: Mapping[str, str]) -> float:
    """Read Retry-After: seconds or a date (RFC 9110, section 10.2.3)."""
    given = headers.get("retry-after", "").strip()
    try:
        if given.isascii() and given.isdigit():
            seconds = float(given)
        else:
            seconds = parsedate_to_datetime(given).timestamp() - time()
    except (ValueError, TypeError, OverflowError):
        return 0
    return min(max(seconds, 0), MAX_WAIT_S)


def _reason(answer: ClientResponse) -> str:
    """Return the system's own message, for the person who must resolve the error."""
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        return "no reason given."
    message = found.get("message") if isinstance(found, dict) else None
    # WordPress answers some errors with HTML in its JSON.
    text = " ".join(strip_tags(str(message)).split()) if message else ""
    return text[:200].replace("\0", "") or "no reason given."

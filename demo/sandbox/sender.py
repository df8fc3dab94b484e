"""Send webhooks like HubSpot: in batches, shuffled, some twice, and again after a bad answer."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http import HTTPStatus
from random import Random
from threading import Condition, Thread
from time import sleep, time
from typing import Any

import httpx

from integrations.adapters.hubspot.signing import SIGNATURE, TIMESTAMP, decoded, sign

BATCH = 100
GATHER_S = 0.2  # events within this time are sent together
ATTEMPTS = 10
# Doubles up to LONGEST_S. HubSpot spreads its ten attempts over a day, too long for a demo.
PAUSE_S = 0.3
LONGEST_S = 10.0
TIMEOUT_S = 5.0  # like HubSpot's


@dataclass
class Sender:
    """
    Sends to one webhook address.

    ``log`` holds (attempt, number of events, status) of each request. The status is 0 without an
    answer.
    """

    url: str
    secret: str = field(repr=False)
    seed: int | None = None
    twice: bool = True  # send every third batch twice, as happens when an answer is lost
    log: list[tuple[int, int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._random, self._news = Random(self.seed), Condition()  # noqa: S311  # play, no secret
        self._waiting: list[dict[str, Any]] = []
        self._client = httpx.Client(timeout=TIMEOUT_S, trust_env=False)
        self._pool = ThreadPoolExecutor(max_workers=10, thread_name_prefix="sandbox")
        self._batches = 0
        Thread(target=self._gather, daemon=True, name="sandbox sender").start()

    def close(self) -> None:
        """Send nothing more, and close the connections."""
        self._pool.shutdown(cancel_futures=True)
        self._client.close()

    def tell(self, event: dict[str, Any]) -> None:
        with self._news:
            # HubSpot does not guarantee that an eventId is unique, so this one often is not.
            self._waiting.append(
                {"eventId": self._random.randrange(1, 50), **event, "attemptNumber": 0}
            )
            self._news.notify()

    def _gather(self) -> None:
        while True:
            with self._news:
                self._news.wait_for(lambda: self._waiting)
            sleep(GATHER_S)
            with self._news:
                events, self._waiting = self._waiting, []
            self._random.shuffle(events)
            # HubSpot keeps no order either, and sends up to 100 events in a request.
            for start in range(0, len(events), BATCH):
                self._hand_over(events[start : start + BATCH])

    def _hand_over(self, events: list[dict[str, Any]]) -> None:
        middle = len(events) // 2
        for part in (events[:middle], events[middle:]):
            if part:
                self._batches += 1
                self._pool.submit(self._send, part)
                if self.twice and self._batches % 3 == 1:
                    self._pool.submit(self._send, part)

    def _send(self, events: list[dict[str, Any]]) -> None:
        pause_s = PAUSE_S
        for attempt in range(ATTEMPTS):
            status = self.post([{**event, "attemptNumber": attempt} for event in events])
            self.log.append((attempt, len(events), status))
            if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
                return
            sleep(pause_s)
            pause_s = min(pause_s * 2, LONGEST_S)

    def post(self, events: Any) -> int:
        """Send a signed POST. Return its status, or 0 without an answer."""
        body, timestamp = json.dumps(events).encode(), str(int(time() * 1000))
        signature = sign(self.secret, "POST", decoded(self.url), body, timestamp)
        headers = {
            SIGNATURE: signature,
            TIMESTAMP: timestamp,
            "content-type": "application/json",
            "user-agent": "HubSpot Connect 2.0 (sandbox)",
        }
        try:
            return self._client.post(self.url, content=body, headers=headers).status_code
        except httpx.HTTPError:
            return 0

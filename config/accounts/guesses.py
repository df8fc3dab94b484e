"""
Limits on guessing: of passwords, codes and second factors, and on asking for codes.

Every form that tells right from wrong uses these, so that none is the easy way in. An attempt
counts before it is judged, so that many at once are no way round, and a right one is given back.
"""

from __future__ import annotations

from collections.abc import Mapping

from allauth.account.adapter import get_adapter
from allauth.core.internal import ratelimit
from django.http import HttpRequest

from config.accounts.devices import device_of

# Per: a known device of the account, the account from one address, the account from all addresses
# of strangers, and one address for all accounts.
GUESSES = {
    "device": "5/5m/key,30/h/key",
    "address": "5/5m/key,20/h/key",
    "account": "50/h/key",
    "sender": "20/5m/key,60/h/key",
}
REQUESTS = {  # for an e-mail with a code or a link
    "device": "3/m/key,20/h/key",
    "address": "3/m/key,10/h/key",
    "account": "20/h/key",
    "sender": "20/m/key,60/h/key",
}
Usages = list[ratelimit.RateLimitUsage]


class GuessAttempt:
    """One attempt that was allowed. ``forgive`` gives it back when it was right."""

    def __init__(self, usages: Usages) -> None:
        self._usages = usages

    def forgive(self) -> None:
        for usage in self._usages:
            usage.rollback()


def attempt(request: HttpRequest, account: str) -> GuessAttempt | None:
    """Count one guess at an account, by its e-mail address. Return None if there were too many."""
    return _count(request, "guess", GUESSES, account)


def may_ask(request: HttpRequest, account: str) -> bool:
    """Count one request for a code or a link by e-mail."""
    return _count(request, "ask", REQUESTS, account) is not None


def _count(
    request: HttpRequest, name: str, rates: Mapping[str, str], account: str
) -> GuessAttempt | None:
    who = account.strip().lower()
    sender = ratelimit.truncate_ip(get_adapter().get_client_ip(request))
    device = device_of(request, who)
    keys = {"address": f"{who} {sender}", "sender": sender, "account": who}
    if device:
        keys = {"device": f"{who} {device}"}
    used: Usages = []
    for part, key in keys.items():
        action = f"{name}_{part}"
        usage = ratelimit.consume(
            request, app="throughline", action=action, config={action: rates[part]}, key=key
        )
        if not usage:
            GuessAttempt(used).forgive()
            return None
        used.append(usage)
    return GuessAttempt(used)

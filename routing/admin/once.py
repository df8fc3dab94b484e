"""A form that was sent twice does its work once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from secrets import token_urlsafe

from django.core.cache import cache
from django.http import HttpRequest

KEPT_S = 24 * 60 * 60
FIELD = "once"


class Sent:
    """One sending of a form: its token, and where an earlier sending of the same led to, if there was one."""

    def __init__(self, key: str, token: str, before: str) -> None:
        self.key, self.token, self.before = key, token, before

    def leads_to(self, url: str) -> None:
        if self.key:
            cache.set(self.key, url, KEPT_S)


@contextmanager
def once(request: HttpRequest, what: str, meanwhile: str = "../") -> Iterator[Sent]:
    """
    Claim the token of a posted form. ``Sent.before`` says that it was sent already, and where that led.

    Nothing is claimed by reading; a sending that led nowhere, such as one with errors, gives the token back.

    :param meanwhile: where a second sending goes while the first is still at work
    """
    token = request.POST.get(FIELD, "")[:64]
    if not token:
        yield Sent("", token_urlsafe(16), "")
        return
    key = f"once:{what}:{request.user.pk}:{token}"
    if not cache.add(key, meanwhile, KEPT_S):
        yield Sent(key, token, cache.get(key) or meanwhile)
        return
    sent = Sent(key, token, "")
    try:
        yield sent
    finally:
        if cache.get(key) == meanwhile:
            cache.delete(key)

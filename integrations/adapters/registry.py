"""Kinds of connections, one line each."""

from __future__ import annotations

from collections.abc import Sequence

from integrations.adapters.form.adapter import FormAdapter
from integrations.adapters.hubspot.adapter import HubSpotAdapter
from integrations.adapters.mail.adapter import MailAdapter
from integrations.adapters.static.adapter import StaticAdapter
from integrations.adapters.wordpress.adapter import WordPressAdapter
from integrations.base.adapter import Adapter

_ADAPTERS: dict[str, Adapter] = {
    adapter.kind: adapter
    for adapter in (
        FormAdapter(),
        HubSpotAdapter(),
        MailAdapter(),
        StaticAdapter(),
        WordPressAdapter(),
    )
}


def adapter_of(kind: str) -> Adapter | None:
    return _ADAPTERS.get(kind)


def kinds() -> Sequence[str]:
    return sorted(_ADAPTERS)

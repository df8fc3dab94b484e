"""Kinds of connections, one line each."""

from __future__ import annotations

from collections.abc import Sequence

from integrations.adapters.form.adapter import FormAdapter
from integrations.adapters.hubspot.adapter import HubSpot
from integrations.adapters.mail.adapter import Mail
from integrations.adapters.static.adapter import Static
from integrations.adapters.wordpress.adapter import WordPress
from integrations.base.adapter import Adapter

_ADAPTERS: dict[str, Adapter] = {
    adapter.kind: adapter for adapter in (FormAdapter(), HubSpot(), Mail(), Static(), WordPress())
}


def adapter_of(kind: str) -> Adapter | None:
    return _ADAPTERS.get(kind)


def kinds() -> Sequence[str]:
    return sorted(_ADAPTERS)

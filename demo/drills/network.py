"""Addresses that must never be called."""

from __future__ import annotations

from demo.drills.registry import DrillField, drill
from integrations.base.adapter import CallFailed
from integrations.http.client import SafeClient

INSIDE = (
    "http://127.0.0.1:8000",
    "http://2130706433:8000",
    "http://0177.0.0.1:8000",
    "http://[::ffff:127.0.0.1]:8000",
    "http://[64:ff9b::7f00:1]:8000",
    "http://169.254.169.254",
    "http://localhost:8000",
)


@drill(52, about_s=5)
def inside_addresses(field: DrillField) -> None:
    """Addresses of our own network are given as the address of a site: none is ever contacted."""
    with field.fault():
        reached = [address for address in INSIDE if _reaches(address)]
    field.count("reached", reached, holds=not reached)


def _reaches(address: str) -> bool:
    try:
        with SafeClient(address, total_s=5) as client:
            client.get("/healthz")
    except CallFailed:
        return False
    return True

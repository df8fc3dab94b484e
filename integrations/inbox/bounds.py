"""Bounds on webhooks, for the hook and for the web server in front of it."""

from __future__ import annotations

MAX_BODY_BYTES = 1024 * 1024

"""
The secrets of an embedded run: made once, kept in var/secrets.json, readable by its owner alone.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from pathlib import Path

from cryptography.fernet import Fernet

from config.embedded import postgres
from config.embedded.running import write_private

_MAKERS: dict[str, Callable[[], str]] = {
    "SECRET_KEY": lambda: secrets.token_urlsafe(48),
    "ENCRYPTION_KEYS": lambda: Fernet.generate_key().decode(),
    "ERASURE_KEY": lambda: secrets.token_urlsafe(48),
    postgres.SUPERUSER: lambda: secrets.token_urlsafe(24),
    postgres.OWNER: lambda: secrets.token_urlsafe(24),
    postgres.APP: lambda: secrets.token_urlsafe(24),
}
ENVIRONMENT = ("SECRET_KEY", "ENCRYPTION_KEYS", "ERASURE_KEY")
ROLES = (postgres.SUPERUSER, postgres.OWNER, postgres.APP)


class KeysLost(Exception):
    """There are data, but not the secrets they were written with."""


def load(var: Path) -> dict[str, str]:
    """
    Read the secrets, and make those that are missing.

    :raises KeysLost: if the database is there and the file is not: new keys could not read what the
        old ones encrypted
    """
    file = var / "secrets.json"
    known: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
    if not known and any((var / "postgres").glob("*")):
        raise KeysLost(
            f"{file} is gone, but {var / 'postgres'} still holds data. Bring the file back, or "
            f"remove both to start anew."
        )
    complete = {name: known.get(name) or make() for name, make in _MAKERS.items()}
    if complete != known:
        write_private(file, json.dumps(complete, indent=1))
    file.chmod(0o600)
    return complete

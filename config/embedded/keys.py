"""The secrets of an embedded installation, in var/secrets.json. Only its owner can read them."""

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
    """The data is there, but not the secrets it was written with."""


def load(var: Path) -> dict[str, str]:
    """
    Read the secrets, and generate those that are missing.

    :raises KeysLost: if the database exists and the file does not: new keys could not decrypt it
    """
    file = var / "secrets.json"
    known: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
    if not known and any((var / "postgres").glob("*")):
        raise KeysLost(
            f"{file} is missing, but {var / 'postgres'} still holds data. Restore the file, or "
            f"remove the folder to start again."
        )
    complete = {name: known.get(name) or make() for name, make in _MAKERS.items()}
    if complete != known:
        write_private(file, json.dumps(complete, indent=1))
    file.chmod(0o600)
    return complete

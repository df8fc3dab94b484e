"""PostgreSQL addresses: as a URL, as parts and as Django's settings."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

# A server whose machine vanishes sends nothing more, so a worker would wait for it for ever. The
# system asks after half a minute of silence, and gives up within another. A server that is only
# frozen still answers that, and is waited for. A socket of this machine needs none of it.
KEEPALIVE = {
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "60000",
}


def parse(url: str) -> dict[str, str]:
    """
    Split a libpq address into its parts: user, password, host, port, dbname and options.

    :raises ValueError: if it is invalid or lacks the role or the database; the message repeats
        nothing secret
    """
    if not url.startswith(("postgresql://", "postgres://")):
        raise ValueError("must begin with postgresql://")
    try:
        parts = {
            name: str(value) for name, value in conninfo_to_dict(url).items() if value is not None
        }
    except ProgrammingError:
        raise ValueError(
            "is not a PostgreSQL address; write special characters of the password as %XX"
        ) from None
    for part, word in (("user", "role"), ("dbname", "database")):
        if not parts.get(part):
            raise ValueError(f"names no {word}: postgresql://ROLE:PASSWORD@HOST/DATABASE")
    return parts


def checked(url: str) -> str:
    parse(url)
    return url


def build(*, user: str, password: str, host: str, dbname: str, port: str = "") -> str:
    """Return the address of a role on a server. ``host`` may be the folder of a socket."""
    where = {"host": host}
    if port:
        where["port"] = port
    return (
        f"postgresql://{quote(user)}:{quote(password, safe='')}@/{quote(dbname)}?{urlencode(where)}"
    )


def for_django(url: str, **options: Any) -> dict[str, Any]:
    parts = parse(url)
    known = {key: parts.pop(key, "") for key in ("dbname", "user", "password", "host", "port")}
    return {
        "ENGINE": "config.storage.postgres",
        "NAME": known["dbname"],
        "USER": known["user"],
        "PASSWORD": known["password"],
        "HOST": known["host"],
        "PORT": known["port"],
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {**KEEPALIVE, **parts, **options},
    }

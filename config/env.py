"""The settings that come from the environment, typed and checked once at start."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured
from pydantic import AfterValidator, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from config.mail import backend as mail
from config.storage import databases

MIN_SECRET = 32  # characters


def _long_enough(value: SecretStr) -> SecretStr:
    if len(value.get_secret_value()) < MIN_SECRET:
        raise ValueError(f"must have at least {MIN_SECRET} characters")
    return value


def _web_address(value: str) -> str:
    parts = urlsplit(value)
    if (
        parts.scheme not in {"http", "https"}
        or not parts.hostname
        or parts.path.strip("/")
        or parts.query
    ):
        raise ValueError("must be a scheme and a host, such as https://work.example.com")
    return value.rstrip("/")


Secret = Annotated[SecretStr, AfterValidator(_long_enough)]
DatabaseURL = Annotated[str, AfterValidator(databases.checked)]
Listed = Annotated[tuple[str, ...], NoDecode]  # comma separated, not JSON


class Env(BaseSettings):
    model_config = SettingsConfigDict(
        extra="ignore", env_ignore_empty=True, hide_input_in_errors=True
    )

    site_url: Annotated[str, AfterValidator(_web_address)] = Field(
        description="Public address, such as `https://work.example.com`."
    )
    allowed_hosts: Listed = Field(
        default=(),
        description="Allowed host names, comma separated. Default: the host of `SITE_URL`.",
    )
    behind_proxy: bool = Field(
        default=False,
        description="Trust `X-Forwarded-Proto`. Enable only behind a proxy that always sets it.",
    )

    secret_key: Secret = Field(description=f"Signs sessions; at least {MIN_SECRET} characters.")
    encryption_keys: Annotated[tuple[SecretStr, ...], NoDecode] = Field(
        description="Fernet keys, comma separated, newest first."
    )
    erasure_key: Secret = Field(
        description="Key to identify erased people without storing their names. Never change it."
    )
    metrics_token: SecretStr | None = Field(
        default=None,
        description="Bearer token for `/metrics`. Without it, only this machine may read them.",
    )

    database_url: DatabaseURL = Field(
        description="PostgreSQL as the running role: `postgresql://ROLE:PASSWORD@HOST/DATABASE`."
    )
    database_owner_url: DatabaseURL | None = Field(
        default=None, description="The same database as the migrating role."
    )
    database_pool: int = Field(
        default=0,
        ge=0,
        le=100,
        description="Database connections per process. 0 disables the pool.",
    )
    redis_url: str = Field(
        description="Redis or Valkey for the cache and, by default, the broker: `redis://HOST/0`."
    )
    broker_url: str = Field(
        default="", description="A different broker for Celery: `amqp://HOST//`."
    )

    max_upload_mb: int = Field(
        default=50, ge=1, le=2000, description="Largest allowed upload, in megabytes."
    )
    agency_prefix: str = Field(
        default="AGY",
        pattern="^[A-Z]{2,5}$",
        description="Reference prefix for work without a client.",
    )
    seal_heads_file: Path | None = Field(
        default=None,
        description="File that receives the head of each audit seal. Default: in `var/`.",
    )

    smtp_url: SecretStr | None = Field(
        default=None,
        description="`smtp://USER:PASSWORD@HOST:587`. Without it, e-mails are shown on a page.",
    )
    from_email: str = Field(
        default="Throughline <throughline@localhost>", description="Sender of e-mails."
    )
    log_level: str = Field(default="INFO", description="DEBUG, INFO, WARNING or ERROR.")
    log_format: str = Field(
        default="json", pattern="^(json|console)$", description="`json` or `console`."
    )

    embedded: bool = Field(
        default=False,
        description="Set by `make run`: embedded services and simplified sign-in for the demo.",
    )
    static_hashed: bool = Field(
        default=True, description="Add content hashes to names of static files."
    )
    debug: bool = Field(
        default=False, description="Show stack traces on error pages. For development only."
    )

    @field_validator("allowed_hosts", "encryption_keys", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(part.strip() for part in value.split(",") if part.strip())

    @field_validator("encryption_keys")
    @classmethod
    def _fernet(cls, value: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        if not value:
            raise ValueError("needs at least one Fernet key")
        for number, key in enumerate(value, start=1):
            try:
                Fernet(key.get_secret_value())
            except ValueError as error:
                raise ValueError(
                    f"key {number} is not a Fernet key (32 url-safe base64-encoded bytes)"
                ) from error
        return value

    @field_validator("smtp_url")
    @classmethod
    def _smtp(cls, value: SecretStr | None) -> SecretStr | None:
        if value:
            mail.parse(value.get_secret_value())
        return value

    @field_validator("redis_url")
    @classmethod
    def _redis(cls, value: str) -> str:
        if urlsplit(value).scheme not in {"redis", "rediss", "unix"}:
            raise ValueError("must begin with redis://, rediss:// or unix://")
        return value

    @property
    def hosts(self) -> list[str]:
        return list(self.allowed_hosts) or [urlsplit(self.site_url).hostname or "localhost"]

    @property
    def https(self) -> bool:
        return self.site_url.startswith("https://")

    @property
    def broker(self) -> str:
        """Return the broker's address for Celery. Kombu has its own form for unix sockets."""
        url = self.broker_url or self.redis_url
        parts = urlsplit(url)
        if parts.scheme != "unix":
            return url
        number = dict(item.partition("=")[::2] for item in parts.query.split("&")).get("db", "0")
        return f"redis+socket://{parts.path}?virtual_host={number}"


# The variables that can differ between installations.
NAMES = frozenset({"VAR_DIR", *(name.upper() for name in Env.model_fields)})


def load() -> Env:
    """
    Read the environment.

    :raises ImproperlyConfigured: with one line for each variable that is missing or wrong
    """
    try:
        return Env()
    except ValidationError as error:
        lines = [
            _line(item["loc"], item["msg"])
            for item in error.errors(include_url=False, include_input=False)
        ]
        raise ImproperlyConfigured(
            "The environment is not complete:\n" + "\n".join(sorted(lines))
        ) from None


def _line(location: tuple[int | str, ...], message: str) -> str:
    name = str(location[0]).upper() if location else "environment"
    if message == "Field required":
        return f"  {name}: is required"
    return f"  {name}: {message.removeprefix('Value error, ')}"

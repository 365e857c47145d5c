"""The settings that every part needs, each declared once."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


def address(text: str) -> str:
    """Return an address and port if it is one. Raises ValueError with a sentence."""
    host, _, port = text.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise ValueError("must be an address and a port, such as 127.0.0.1:8321")
    return text


def _database(url: SecretStr) -> SecretStr:
    text = url.get_secret_value()
    if text and not re.match(r"(sqlite|postgres(ql)?)(\+\w+)?:", text):
        raise ValueError("must be a sqlite: or postgresql: URL")
    return SecretStr(re.sub(r"^postgres(?=[:+])", "postgresql", text))


CONFIG = SettingsConfigDict(
    env_file=".env", env_file_encoding="utf-8", extra="ignore", env_ignore_empty=True
)


class Settings(BaseSettings):
    """What every part needs; the gateway alone needs nothing else."""

    model_config = CONFIG

    database_url: Annotated[SecretStr, Field(alias="DATABASE_URL"), AfterValidator(_database)] = (
        SecretStr("")
    )
    """Where the keys are kept: a `sqlite:` or `postgresql:` URL. By default a SQLite file in
    `APIKEYS_HOME`."""

    direct_url: Annotated[
        SecretStr, Field(alias="DATABASE_DIRECT_URL"), AfterValidator(_database)
    ] = SecretStr("")
    """The same database without a pooler in between, where `DATABASE_URL` leads to one."""

    replica_url: Annotated[
        SecretStr, Field(alias="DATABASE_REPLICA_URL"), AfterValidator(_database)
    ] = SecretStr("")
    """A streaming replica of the same database, from which the gateway reads."""

    connections: Annotated[int, Field(alias="APIKEYS_DATABASE_CONNECTIONS", ge=2, le=500)] = 15
    """How many connections to PostgreSQL this program opens at most, beside the gateway's three."""

    database_wait_seconds: Annotated[
        float, Field(alias="APIKEYS_DATABASE_WAIT_SECONDS", ge=0, le=86_400)
    ] = 300.0
    """How many seconds the program waits at its start for a database that cannot be reached; 0 for
    not at all. A wrong password, or another fault that time does not mend, is not waited for."""

    home: Annotated[Path, Field(alias="APIKEYS_HOME")] = Path(".apikeys")
    """The folder of the embedded database and the pepper's file; made if missing."""

    pepper: Annotated[SecretStr, Field(alias="APIKEYS_PEPPER")] = SecretStr("")
    """The secret that token digests are made with: 32 random bytes in base64, or several with
    their versions, `1:…,2:…`. Without it the embedded database gets one in a file of its own;
    any other database needs it."""

    token_prefix: Annotated[str, Field(alias="APIKEYS_TOKEN_PREFIX")] = "ak"
    """What new tokens begin with; see `keys.credentials.tokens`. Existing tokens keep working."""

    gateway_listen: Annotated[
        str, Field(alias="APIKEYS_GATEWAY_LISTEN"), AfterValidator(address)
    ] = "127.0.0.1:8321"
    """Address and port of the gateway."""

    trusted_proxies: Annotated[str, Field(alias="APIKEYS_TRUSTED_PROXIES")] = ""
    """Networks whose `X-Forwarded-For` is believed, separated by commas; IPv4-mapped ones
    (`::ffff:…`) are the IPv4 ones."""

    proxies_header: Annotated[
        Literal["X-Forwarded-For", "Forwarded"], Field(alias="APIKEYS_PROXIES_HEADER")
    ] = "X-Forwarded-For"
    """The header in which the trusted proxies name the caller's address: `X-Forwarded-For`, or
    `Forwarded` (RFC 7239). The other one is ignored."""

    cors_preflight: Annotated[bool, Field(alias="APIKEYS_CORS_PREFLIGHT")] = False
    """Whether the gateway accepts the preflights of browsers (CORS): exactly `OPTIONS` with
    `Origin` and `Access-Control-Request-Method`, and without credentials, which a browser never
    sends then."""

    gateway_account: Annotated[str, Field(alias="APIKEYS_GATEWAY_ACCOUNT")] = ""
    """The only account whose keys the gateway accepts, as in `X-Apikey-Account`; empty for all."""

    gateway_connections: Annotated[
        int, Field(alias="APIKEYS_GATEWAY_CONNECTIONS", ge=16, le=1_000_000)
    ] = 10_000
    """How many connections the gateway holds at the same time; fewer where the system allows the
    process fewer open files."""

    gateway_peer_connections: Annotated[
        int, Field(alias="APIKEYS_GATEWAY_PEER_CONNECTIONS", ge=1, le=1_000_000)
    ] = 7_500
    """How many of them one address may have (of IPv6: one /64), and three quarters of all at most.
    Trusted proxies may have all."""

    gateway_body_seconds: Annotated[
        float, Field(alias="APIKEYS_GATEWAY_BODY_SECONDS", gt=0, le=3600)
    ] = 10.0
    """How many seconds the body of a request to the gateway may take to arrive."""

    last_used_seconds: Annotated[float, Field(alias="APIKEYS_LAST_USED_SECONDS", gt=0, le=3600)] = (
        60.0
    )
    """How many seconds "last used" may be behind; the first use shows within 5."""

    remembered_tokens: Annotated[
        int, Field(alias="APIKEYS_REMEMBERED_TOKENS", ge=1_000, le=10_000_000)
    ] = 100_000
    """How many tokens a gateway keeps in memory."""

    grace_seconds: Annotated[float, Field(alias="APIKEYS_GRACE_SECONDS", ge=0, le=3600)] = 0.0
    """For how many seconds the gateway keeps accepting cached keys when the database is
    gone. A revocation is late by as much, so the default is none."""

    log_level: Annotated[
        str, Field(alias="APIKEYS_LOG_LEVEL", pattern="^(DEBUG|INFO|WARNING|ERROR)$")
    ] = "INFO"
    """How much is logged: DEBUG, INFO, WARNING or ERROR. No level logs a token."""

    log_format: Annotated[str, Field(alias="APIKEYS_LOG_FORMAT", pattern="^(json|text)$")] = "json"
    """How it is logged: one JSON object a line, or text for people."""

    @property
    def embedded(self) -> bool:
        """Whether the database is the SQLite file that comes by default."""
        return not self.database_url.get_secret_value()

    def database(self) -> str:
        """The URL of the database to open."""
        return self.database_url.get_secret_value() or f"sqlite:///{self.home / 'apikeys.db'}"

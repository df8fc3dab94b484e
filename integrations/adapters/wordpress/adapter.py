"""WordPress: posts and pages, written with a user's application password."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from integrations.adapters.wordpress.writer import WordPressWriter
from integrations.base.adapter import Adapter, Writer
from integrations.base.origins import origin_of

if TYPE_CHECKING:
    from integrations.base.connections import Connection

SEO = {"title", "description"}
MOST_SETTLE_S = 3600


class WordPressAdapter(Adapter):
    kind = "wordpress"
    publishes = True
    needs_token = True

    def writer(self, connection: Connection) -> Writer | None:
        return WordPressWriter(connection)

    def home(self, connection: Connection) -> str:
        return connection.base_url

    def check_address(self, base_url: str, *, inside: bool) -> None:
        if not base_url:
            raise ValueError(
                "Give --base-url with the address of the site, such as https://www.example.com."
            )
        if "wp-json" in base_url or "wp-admin" in base_url:
            raise ValueError(
                "Give the address of the site itself as --base-url, without /wp-json or /wp-admin."
            )
        if not inside and origin_of(base_url).scheme != "https":
            raise ValueError(
                "Give an https address: over http everybody on the way could read the password."
            )

    def check_token(self, token: str) -> None:
        user, _, password = token.partition(":")
        if not user or not password:
            raise ValueError(
                "The token is written user:application password. In WordPress, an application "
                "password is made under Users, Profile; "
                "the role Author is enough for posts, Editor for pages."
            )

    def check_settings(self, settings: Mapping[str, Any]) -> None:
        named = settings.get("seo_meta", {})
        if (
            not isinstance(named, dict)
            or set(named) - SEO
            or not all(isinstance(name, str) and name for name in named.values())
        ):
            raise ValueError(
                "seo_meta names the meta fields of an SEO plugin: "
                '{"title": "…", "description": "…"}.'
            )
        settle_s = settings.get("settle_s", 0)
        if (
            isinstance(settle_s, bool)
            or not isinstance(settle_s, int | float)
            or not 0 <= settle_s <= MOST_SETTLE_S
        ):
            raise ValueError(
                "settle_s is how many seconds the site's PHP may go on when a connection is lost "
                "(max_execution_time)."
            )

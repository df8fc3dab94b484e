"""WordPress: posts and pages, written with a user's application password."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy

from integrations.adapters.wordpress.writer import WordPressWriter
from integrations.base.adapter import Adapter, Writer
from integrations.base.origins import origin_of
from integrations.base.settings import names, schema, seconds

if TYPE_CHECKING:
    from integrations.base.connections import Connection

SEO = {"title", "description"}
MAX_CONSISTENCY_DELAY_S = 3600


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
            raise ValueError("Give an https address: over http, others could read the password.")

    def check_token(self, token: str) -> None:
        user, _, password = token.partition(":")
        if not user or not password:
            raise ValueError(
                "Write the token as user:application password. In WordPress, create an "
                "application password under Users, Profile. The role Author is enough for posts, "
                "Editor for pages."
            )


schema(
    WordPressAdapter.kind,
    seo_meta=names(
        SEO,
        r"[A-Za-z0-9_:.-]{1,100}",
        gettext_lazy("give the meta field of an SEO plugin, such as _yoast_wpseo_title."),
    ),
    settle_s=seconds(
        MAX_CONSISTENCY_DELAY_S,
        gettext_lazy(
            "give the number of seconds for which the site's PHP may continue after a connection "
            "is lost (max_execution_time)."
        ),
    ),
)

"""WordPress: posts and pages, written with a user's application password."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy

from delivery.deliverables.manifest import FileEntry
from integrations.adapters.wordpress.acceptance import emoji_faults, file_faults
from integrations.adapters.wordpress.client import WordPressClient
from integrations.adapters.wordpress.slugs import slug_fault
from integrations.adapters.wordpress.survey import WordPressSurveyor
from integrations.adapters.wordpress.writer import WordPressWriter
from integrations.base.adapter import Adapter, Writer
from integrations.base.settings import names, schema, seconds, yes_or_no
from integrations.base.survey import Surveyor

if TYPE_CHECKING:
    from integrations.base.connections import Connection

SEO = {"title", "description"}
MAX_CONSISTENCY_DELAY_S = 3600


class WordPressAdapter(Adapter):
    kind = "wordpress"
    publishes = True
    marks = True
    needs_token = True
    may_lack_emoji = True

    def writer(self, connection: Connection) -> Writer | None:
        return WordPressWriter(connection)

    def surveyor(self, connection: Connection) -> Surveyor | None:
        return WordPressSurveyor(connection)

    def content_faults(
        self, content: Mapping[str, Any], files: Sequence[FileEntry], connection: Connection
    ) -> Sequence[str]:
        faults = file_faults(files)
        if not content.get("slug"):
            faults.append("The page has no slug. Enter one.")
        if connection.stores_emoji is False:
            faults += emoji_faults(content)
        return faults

    def stores_emoji(self, connection: Connection) -> bool | None:
        with WordPressClient(connection) as client:
            return client.stores_emoji()

    def answers(self, connection: Connection) -> bool:
        with WordPressClient(connection) as client:
            client.newest("posts")
        return True

    def home(self, connection: Connection) -> str:
        return connection.base_url

    def slug_fault(self, slug: str, post_type: str) -> str:
        return slug_fault(slug)

    def check_address(self, base_url: str, *, inside: bool) -> None:
        if not base_url:
            raise ValueError(
                "Give --base-url with the address of the site, such as https://www.example.com."
            )
        if "wp-json" in base_url or "wp-admin" in base_url:
            raise ValueError(
                "Give the address of the site itself as --base-url, without /wp-json or /wp-admin."
            )

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
    # True if the site asks search engines to list none of its pages.
    unlisted=yes_or_no,
    settle_s=seconds(
        MAX_CONSISTENCY_DELAY_S,
        gettext_lazy(
            "give the number of seconds for which the site's PHP may continue after a connection "
            "is lost (max_execution_time)."
        ),
    ),
)

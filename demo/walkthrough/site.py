"""The site of a walkthrough, as another person at the site sees and edits it."""

from __future__ import annotations

from demo.sandbox.cms_server import CmsFaults
from demo.sandbox.server import SANDBOX, SIGN
from integrations.adapters.wordpress import mapping
from integrations.adapters.wordpress.client import WordPressClient, WordPressPost
from integrations.base.adapter import CallFailed
from integrations.http.client import SafeClient
from integrations.models import Connection

POST_TYPE = "posts"


class Site:
    """
    A WordPress, real or simulated, over its API.

    ``faults`` are those to come of a simulated one.
    """

    def __init__(self, connection: Connection, faults: CmsFaults | None = None) -> None:
        self.connection, self.faults = connection, faults or CmsFaults()

    def lose_an_answer(self) -> bool:
        """
        Make the site lose the answer to the next write, after the write.

        Only a sandbox can do so. Returns whether it is one.
        """
        connection = self.connection
        with SafeClient(
            connection.base_url, basic=connection.token.first(), private=connection.private_origins
        ) as client:
            try:
                if client.get(SANDBOX).headers.get(SIGN) != "wordpress":
                    return False
                client.call("POST", SANDBOX, json={"fault": "lost"})
            except CallFailed:
                return False
        return True

    def posts(self, key: str) -> list[WordPressPost]:
        """Return the posts that carry our mark for this object."""
        with WordPressClient(self.connection) as client:
            return [
                each
                for each in client.search(POST_TYPE, mapping.search_word(key))
                if mapping.mark_of(each)[0] == key
            ]

    def write(self, post: WordPressPost, content: str) -> None:
        """Edit a post as a person would in the editor."""
        with WordPressClient(self.connection) as client:
            client.update(POST_TYPE, post.id, {"content": content})

    def delete(self, post: WordPressPost) -> None:
        """Delete a post for good, as a person would from the trash."""
        connection = self.connection
        with SafeClient(
            connection.base_url, basic=connection.token.first(), private=connection.private_origins
        ) as client:
            client.call("DELETE", f"/wp-json/wp/v2/{POST_TYPE}/{post.id}", params={"force": "true"})

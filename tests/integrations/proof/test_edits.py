"""F2: of each edit of a live page, the proof says rightly whether it matters to the reader."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex
from threading import Thread
from typing import Any

import pytest

from demo.sandbox.cms import CMS
from demo.sandbox.cms_page import Theme
from demo.sandbox.cms_server import CmsFaults, serve_cms
from integrations.adapters.wordpress.writer import WordPressWriter
from integrations.base.adapter import OutboxMessage, Written
from integrations.models import Connection
from integrations.proof.look import Proof, probe
from tests.integrations.proof.edits import BODY, HARMLESS, MATTERS, PageEdit
from tests.integrations.publishing.writers import article, loose_connection
from tests.wordpress import WordPress

TITLE = "Fresh bread"
FIELDS = ("title", "content", "excerpt", "status")
every_edit = pytest.mark.parametrize("edit", [*MATTERS, *HARMLESS], ids=lambda edit: edit.name)


def published(connection: Connection) -> tuple[OutboxMessage, Written]:
    message = article(f"bread-{token_hex(5)}", title=TITLE, body=BODY)
    with WordPressWriter(connection) as writer:
        written = writer.write(message, writer.find(message))
        assert list(writer.read_back(message, written)) == []
    return message, written


class LivePage(ABC):
    """A page that was published and proven, and is put back as it was after each edit."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.message, self.written = published(connection)
        self.url = self.written.url
        [picture] = self.written.evidence["media"].values()
        self.picture = str(picture["url"])
        self.content = ""
        proof = self.look()
        assert proof.differences == []
        self.frame = proof.evidence["frame"]

    def look(self, frame: Any = None) -> Proof:
        return probe(self.connection, self.message.content, self.written, frame)

    def replace(self, old: str, new: str) -> None:
        assert old in self.content
        self.content = self.content.replace(old, new, 1)
        self.edit(content=self.content)

    @abstractmethod
    def edit(self, **fields: Any) -> None:
        """Change fields of the post, as a person would in the editor."""

    @abstractmethod
    def around(self, **parts: str) -> None:
        """Change what the theme shows around the content."""


class SandboxPage(LivePage):
    def __init__(self) -> None:
        self.cms, self.theme = CMS("author", "pass word"), Theme()
        self.server = serve_cms(self.cms, 0, CmsFaults(), self.theme)
        Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        url = f"http://127.0.0.1:{self.server.server_port}"
        super().__init__(loose_connection("wordpress", url, "author:pass word"))
        self.post = self.cms.posts[int(self.written.remote_id)]
        self.before = {name: getattr(self.post, name) for name in FIELDS}
        # Who edits it may write any HTML.
        self.cms.role = "administrator"

    def edit(self, **fields: Any) -> None:
        self.cms.update("posts", self.post.id, fields)

    def around(self, **parts: str) -> None:
        for name, value in parts.items():
            setattr(self.theme, name, value)

    def put_back(self) -> None:
        self.edit(**self.before)
        self.around(**vars(Theme()))
        self.content = self.before["content"]


@pytest.fixture(scope="module")
def one_sandbox() -> Iterator[SandboxPage]:
    page = SandboxPage()
    yield page
    page.server.shutdown()
    page.server.server_close()


@pytest.fixture
def sandbox_page(one_sandbox: SandboxPage) -> SandboxPage:
    one_sandbox.put_back()
    return one_sandbox


class RealPage(LivePage):
    def __init__(self, wordpress: WordPress) -> None:
        self.wordpress = wordpress
        super().__init__(
            loose_connection("wordpress", wordpress.url, wordpress.new_token("author"))
        )
        post = self._call("GET", params={"context": "edit"})
        self.content = post["content"]["raw"]
        self.theme = Path(wordpress.folder) / f"theme-{self.written.remote_id}.json"

    def _call(self, method: str, **options: Any) -> Any:
        return self.wordpress.call(method, f"/posts/{self.written.remote_id}", **options)

    def edit(self, **fields: Any) -> None:
        self._call("POST", json=fields)

    def around(self, **parts: str) -> None:
        self.theme.write_text(json.dumps(parts))


@pytest.fixture
def real_page(wordpress: WordPress) -> RealPage:
    return RealPage(wordpress)


def judge(page: LivePage, edit: PageEdit) -> None:
    edit.make(page)

    found = page.look(page.frame).differences

    if edit.says:
        assert edit.says in " ".join(found)
    else:
        assert found == []


def test_the_table_has_sixty_edits_of_which_half_matter_f2():
    assert len(MATTERS) >= 30
    assert len(HARMLESS) >= 30


@every_edit
def test_an_edit_is_told_if_it_matters_and_only_then_f2(sandbox_page: SandboxPage, edit: PageEdit):
    judge(sandbox_page, edit)


@pytest.mark.drill
@pytest.mark.wordpress
@every_edit
def test_an_edit_on_a_real_wordpress_is_told_if_it_matters_and_only_then_f2(
    real_page: RealPage, edit: PageEdit
):
    judge(real_page, edit)

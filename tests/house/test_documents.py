from pathlib import Path

import pytest

from config.env import Env
from tests.house.documents import dead_links, documents, settings_table
from tests.house.rules import ROOT


def test_every_setting_says_what_it_is():
    assert not [name for name, field in Env.model_fields.items() if not field.description]


def test_the_readme_shows_every_setting_as_it_is():
    table = settings_table()

    assert table in (ROOT / "README.md").read_text(), f"Put this into README.md:\n{table}"


@pytest.mark.parametrize(
    "document", list(documents()), ids=lambda path: str(path.relative_to(ROOT))
)
def test_links_lead_somewhere(document: Path):
    assert dead_links(document) == []


def test_a_dead_link_is_found(tmp_path: Path):
    (tmp_path / "here.md").write_text(
        "[a](here.md) [b](gone.md#part) [c](https://example.com) [d](#here)"
    )

    assert dead_links(tmp_path / "here.md") == ["gone.md"]

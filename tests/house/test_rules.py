from pathlib import Path

import pytest

from tests.house.rules import Source, findings


def judge(text: str, path: str = "routing/door.py") -> list[str]:
    return findings(iter([Source(Path(path), text)]))


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("x = 1\n" * 501, "routing/door.py"),
        ("def f():\n" + "    x = 1\n" * 60, "routing/door.py"),
        ("def f():\n    import os\n", "routing/door.py"),
        (
            "class A:\n    def f(self):\n        if 1:\n            from os import path\n",
            "routing/door.py",
        ),
        ("try:\n    x = 1\nexcept:\n    pass\n", "routing/door.py"),
        ("try:\n    x = 1\nexcept Exception:\n    pass\n", "routing/door.py"),
        (
            "try:\n    x = 1\nexcept (ValueError, BaseException) as error:\n    pass\n",
            "routing/door.py",
        ),
        ("x = [b for a in c for b in a]\n", "delivery/door.py"),
        ("x = [[b for b in a] for a in c]\n", "delivery/door.py"),
        ("x = {a: any(b for b in a) for a in c}\n", "delivery/door.py"),
        ("x = sum(a for a in sorted({b for b in c}))\n", "delivery/door.py"),
        ("x = 1\n", "routing/migrations/0002_auto_20261121_0600.py"),
        ("# TO" + "DO: later\n", "routing/door.py"),
    ],
)
def test_a_breach_is_found_once(text: str, path: str):
    assert len(judge(text, path)) == 1


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("class A:\n    def ready(self):\n        import os\n", "routing/apps.py"),
        ("try:\n    x = 1\nexcept Exception:\n    pass\n", "routing/kernel/isolate.py"),
        ("try:\n    x = 1\nexcept ValueError:\n    pass\n", "routing/door.py"),
        ("x = 1\n" * 501, "routing/migrations/0001_initial.py"),
        ("x = [a for a in b if a]\ny = {a for a in b}\n", "delivery/door.py"),
    ],
)
def test_what_is_allowed_is_not_found(text: str, path: str):
    assert judge(text, path) == []

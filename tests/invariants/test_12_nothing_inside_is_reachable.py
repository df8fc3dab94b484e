"""12. Nothing inside is reachable by a URL; one client makes every outside call."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from integrations.base.adapter import CallFailed
from integrations.base.origins import origin_of
from integrations.http.client import SafeClient

ROOT = Path(__file__).parents[2]
OURS = {"integrations/http/client.py", "integrations/http/network.py"}
NETWORKED = {"httpx", "requests", "urllib3", "urllib.request", "http.client", "aiohttp"}


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "2130706433", "169.254.169.254", "10.0.0.1"]
)
def test_private_addresses_are_refused_unless_exactly_allowed(host: str) -> None:
    with HTTPServer("127.0.0.1") as server:
        server.expect_request("/").respond_with_json({})
        with pytest.raises(CallFailed), SafeClient(f"http://{host}:{server.port}") as client:
            client.get("/")
        assert server.log == []

        allowed = origin_of(f"http://127.0.0.1:{server.port}")
        with SafeClient(f"http://127.0.0.1:{server.port}", private=frozenset({allowed})) as client:
            assert client.get("/").status == 200


def test_no_other_module_calls_outside() -> None:
    found = []
    for package in ("routing", "delivery", "integrations"):
        for path in (ROOT / package).rglob("*.py"):
            name = path.relative_to(ROOT).as_posix()
            if name in OURS:
                continue
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
                found += [
                    f"{name}: {each}"
                    for each in names
                    if each in NETWORKED or each.split(".")[0] in NETWORKED
                ]
    assert found == []

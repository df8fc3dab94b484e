"""The workflow of GitHub and the hooks of pre-commit call what exists, in exact versions."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import pytest
import yaml

from tests.house.rules import ROOT

WORKFLOW: dict[str, Any] = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())
JOB: dict[str, Any] = WORKFLOW["jobs"]["ci"]
HOOKS: list[dict[str, Any]] = [
    hook
    for repository in yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    for hook in repository["hooks"]
]
RUN = (ROOT / ".ci/run").read_text()
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def actions() -> Iterator[str]:
    for step in JOB["steps"]:
        if "uses" in step:
            yield step["uses"]


def test_the_workflow_runs_ci_run_and_may_only_read() -> None:
    assert [step["run"] for step in JOB["steps"] if "run" in step][-1] == ".ci/run"
    assert os.access(ROOT / ".ci/run", os.X_OK)
    assert WORKFLOW["permissions"] == {"contents": "read"}


def test_it_runs_on_every_python_from_the_oldest_that_is_admitted() -> None:
    about = tomllib.loads((ROOT / "pyproject.toml").read_text())
    oldest = about["project"]["requires-python"].removeprefix(">=")
    versions = JOB["strategy"]["matrix"]["python"]

    assert [each.rpartition(".")[0] for each in versions] == ["3.11", "3.12", "3.13", "3.14"]
    assert versions[0].startswith(f"{oldest}.")
    assert all(re.fullmatch(r"3\.\d+\.\d+", each) for each in versions)
    assert JOB["container"]["image"] == "python:${{ matrix.python }}-bookworm"


@pytest.mark.parametrize("action", list(actions()))
def test_an_action_is_pinned_by_its_commit(action: str) -> None:
    assert re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", action)


def test_what_is_cached_follows_a_file_that_exists() -> None:
    [key] = [step["with"]["key"] for step in JOB["steps"] if "key" in step.get("with", {})]

    [path] = re.findall(r"hashFiles\('([^']+)'\)", key)
    assert (ROOT / path).is_file()


def test_ci_run_calls_targets_and_scripts_that_exist() -> None:
    targets = set(re.findall(r"\bmake ([a-z-]+)", RUN))

    assert {"check", "test"} <= targets <= TARGETS
    assert all(os.access(ROOT / each, os.X_OK) for each in re.findall(r"\bscripts/\w+", RUN))
    paths = re.findall(r'^(?:computing|moving)="([^"]+)"', RUN, re.MULTILINE)
    assert len(paths) == 2
    assert [each for each in " ".join(paths).split() if not (ROOT / each).exists()] == []


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook["id"])
def test_a_hook_runs_a_tool_that_is_installed(hook: dict[str, Any]) -> None:
    program, option, module, *_ = hook["entry"].split()

    assert (program, option) == (".venv/bin/python", "-m")
    assert find_spec(module) is not None
    assert hook["language"] == "system"  # the versions of requirements/dev.txt, and no others


def test_the_hooks_run_what_make_check_runs() -> None:
    check = (ROOT / "Makefile").read_text().partition("\ncheck:")[2].partition("\n\n")[0]

    for hook in HOOKS:
        assert f"-m {hook['entry'].split()[2]}" in check

"""The file of a flow: what is written is read again, and what is wrong is named with its line."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.flows.conditions import Operator
from routing.flows.files.shape import (
    FORMAT,
    ConditionShape,
    FlowShape,
    RuleShape,
    TriggerShape,
    flow_shape,
)
from routing.flows.files.text import DEEPEST, MOST_BYTES, BadFlowFile, read_flow_file, written

MINIMAL = """\
format: throughline.flow/1
flow: small
name: Small
purpose: Decide who owns it.
outcome: It is done.
owner: olga@example.com
backup: bob@example.com
action: delivery.open_request
sla_policy: standard
title: Work
triggers:
  - kind: form.submitted
rules:
  - name: Everything
    team: Atlas
"""
# What other versions of YAML read as something else than text.
ODD = ("yes", "no", "null", "~", "1e5", "0x1F", "1_000", "12:30", "2026-01-02", "-", "? a", "#", "")
WORDS = st.one_of(
    st.sampled_from([word for word in ODD if word]),
    st.text(
        st.characters(exclude_categories=("Cs", "Cc"), include_characters="\n\t"),
        min_size=1,
        max_size=80,
    ),
)
VALUES = st.one_of(
    WORDS, st.booleans(), st.integers(-(10**15), 10**15), st.none(), st.tuples(WORDS, WORDS)
)


def faults(text: str | bytes) -> list[tuple[int, str]]:
    source = text.encode() if isinstance(text, str) else text
    with pytest.raises(BadFlowFile) as caught:
        read_flow_file(source)
    return [(fault.line, fault.path) for fault in caught.value.faults]


@given(word=WORDS, value=VALUES)
@settings(max_examples=150, deadline=None)
def test_what_is_written_is_read_again_with_the_same_bytes(word: str, value: Any) -> None:
    condition = ConditionShape.model_construct(
        field="deal.name", operator=Operator.EQUALS, value=value
    )
    content = _small(brief=word, condition=condition)

    read = read_flow_file(written(content).encode()).content

    assert read.model_dump() == content.model_dump()
    assert written(read) == written(content)


def _small(*, brief: str, condition: ConditionShape) -> FlowShape:
    rule = RuleShape.model_construct(name="Everything", team="Atlas", when=((condition,),))
    return flow_shape().model_construct(
        format=FORMAT,
        flow="small",
        name="Small",
        purpose="Decide",
        outcome="Done",
        owner="olga@example.com",
        backup="bob@example.com",
        action="delivery.open_request",
        sla_policy="standard",
        title="Work",
        brief=brief,
        triggers=(
            TriggerShape(kind="form.submitted"),
            TriggerShape(kind="form.submitted", field="a", equals="b"),
            TriggerShape(kind="form.submitted", field="a", one_of=("b", "yes", "5")),
            TriggerShape(kind="form.submitted", field="a", at_least="5"),
            TriggerShape(kind="form.submitted", field="a", changed_to="no"),
            TriggerShape(kind="form.submitted", field="a", changed_by_more="0.5"),
        ),
        rules=(rule,),
    )


def test_other_readers_of_yaml_read_the_same() -> None:
    content = read_flow_file(MINIMAL.encode()).content

    assert yaml.safe_load(written(content)) == yaml.safe_load(MINIMAL)


@pytest.mark.parametrize(
    ("was", "now", "where"),
    [
        ("name: Small", "nmae: Small", [(1, "name"), (3, "nmae")]),
        ("name: Small", "name: [Small]", [(3, "name")]),
        ("name: Small", "name: 5", [(3, "name")]),
        ("flow: small", "flow: Not A Slug", [(2, "flow")]),
        ("format: throughline.flow/1", "format: throughline.flow/9", [(1, "format")]),
        ("    team: Atlas", "    team: Atlas\n    priority: top", [(16, "rules.0.priority")]),
        ("    team: Atlas", "    team: Atlas\n    taem: x", [(16, "rules.0.taem")]),
        ("    team: Atlas", "    team: Atlas\n    team: Borealis", [(16, "rules.0.team")]),
        ("title: Work", "title: &a Work", [(10, "")]),
        ("title: Work", "title: !!python/object:os.system x", [(10, "")]),
        ("title: Work", "title: *a", [(10, "")]),
        ("title: Work", 'title: "a\\0b"', [(10, "title")]),
        ("title: Work", "title: 'Work", [(16, "")]),
        ("title: Work", "title: Work\n---\nflow: other", [(11, "")]),
        ("title: Work", f"title: {'x' * 201}", [(10, "title")]),
        ("form.submitted", "f.s\n    one_of: a", [(13, "triggers.0.one_of")]),
        ("form.submitted", "f.s\n    at_least: 5\n    equals: a", [(12, "triggers.0")]),
        ("form.submitted", "f.s\n    changed_to: []", [(13, "triggers.0.changed_to")]),
    ],
)
def test_a_fault_is_named_with_line_and_key(
    was: str, now: str, where: list[tuple[int, str]]
) -> None:
    assert was in MINIMAL

    found = faults(MINIMAL.replace(was, now))

    assert found[: len(where)] == where or found[-len(where) :] == where


def test_all_faults_are_named_at_once() -> None:
    text = MINIMAL.replace("title: Work", "titel: Work").replace("team: Atlas", "taem: Atlas")

    found = faults(text)

    assert {path for _line, path in found} == {"title", "titel", "rules.0.team", "rules.0.taem"}


@pytest.mark.parametrize(
    "source",
    [
        b"",
        b"- a\n- b\n",
        b"just words",
        b"\xff\xfe\x00",
        MINIMAL.encode("utf-16"),
        b"x" * (MOST_BYTES + 1),
        b"a: " + b"[" * (DEEPEST + 1) + b"]" * (DEEPEST + 1),
        b"[" * 100_000,
        b"a: \x00",
        b"? [a]\n: b\n",
    ],
)
def test_what_is_no_flow_at_all_is_refused_in_words(source: bytes) -> None:
    assert len(faults(source)) >= 1

"""
The text of a flow's file: YAML 1.2's core values, read with the line of each part.

Aliases, anchors, tags and duplicate keys are refused, because they hide what a reviewer would read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, TypeAlias

import yaml
from pydantic import ValidationError

from routing.flows.files.shape import FlowShape, flow_shape

MOST_BYTES = 256 * 1024
DEEPEST = 12  # the format needs six
MOST_DIGITS = 25  # a float has up to 24 characters
WIDTH = 100
HEAD = "# A flow of Throughline. `manage.py flow import FILE` makes a draft of it.\n"

Path: TypeAlias = tuple[str | int, ...]
Lines: TypeAlias = Mapping[Path, int]

_CORE = "tag:yaml.org,2002:"
_BOOL, _NULL, _INT, _FLOAT = (_CORE + name for name in ("bool", "null", "int", "float"))
_PLAIN = (  # tag, pattern and first characters, as YAML 1.2's core schema reads them
    (_BOOL, re.compile(r"(?:true|false)\Z"), "tf"),
    (_NULL, re.compile(r"(?:null|~|)\Z"), ["n", "~", ""]),
    (_INT, re.compile(r"-?(?:0|[1-9][0-9]{0,24})\Z"), "-0123456789"),
    (
        _FLOAT,
        re.compile(r"-?(?:0|[1-9][0-9]{0,24})(?:\.[0-9]{1,24})?(?:[eE][-+]?[0-9]{1,4})?\Z"),
        "-0123456789",
    ),
)
# A text may have lines and tabs, and no other control characters or halves of pairs.
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class FileFault:
    """What is wrong with a file. ``line`` counts from 1, ``path`` is such as ``rules.0.team``."""

    line: int
    path: str
    message: str

    def __str__(self) -> str:
        where = f"{self.path}: " if self.path else ""
        return f"line {self.line}: {where}{self.message}"


class BadFlowFile(ValueError):
    """A file is not a flow. ``faults`` lists everything that was found."""

    def __init__(self, faults: list[FileFault]) -> None:
        super().__init__("\n".join(str(each) for each in faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class FlowFile:
    """A flow that was read from a file, with the line of each of its parts."""

    content: FlowShape
    lines: Lines

    def fault(self, path: Path, message: str) -> FileFault:
        return FileFault(_line_of(path, self.lines), path_text(path), message)


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers: dict[str, list[tuple[str, Any]]] = {}  # noqa: RUF012 (of PyYAML)


class _Dumper(yaml.SafeDumper):
    """Quotes whatever another version of YAML would not read as text."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _as_text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = "|" if "\n" in value else None
    return dumper.represent_scalar(_CORE + "str", value, style=style)


for _tag, _pattern, _first in _PLAIN:
    _Loader.add_implicit_resolver(_tag, _pattern, list(_first))
    _Dumper.add_implicit_resolver(_tag, _pattern, list(_first))
_Dumper.add_representer(str, _as_text)


def written(content: FlowShape) -> str:
    """Return the file of a flow. The same content always gives the same bytes."""
    values = content.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return HEAD + yaml.dump(
        values,
        Dumper=_Dumper,
        allow_unicode=True,
        default_flow_style=False,
        sort_keys=False,
        width=WIDTH,
    )


def read_flow_file(source: bytes) -> FlowFile:
    """
    Read the file of a flow.

    :raises BadFlowFile: with the line and the key of each fault
    """
    text = _decoded(source)
    values, lines = _values(text)
    if not isinstance(values, dict):
        raise BadFlowFile([FileFault(1, "", "is not the file of a flow: it has no keys.")])
    try:
        content = flow_shape().model_validate(values)
    except ValidationError as error:
        faults = [_fault(each, lines) for each in error.errors(include_url=False)]
        raise BadFlowFile(sorted(set(faults), key=lambda fault: fault.line)) from None
    return FlowFile(content, lines)


def _decoded(source: bytes) -> str:
    if len(source) > MOST_BYTES:
        message = f"is larger than {MOST_BYTES // 1024} KB, which no flow needs."
        raise BadFlowFile([FileFault(1, "", message)])
    try:
        return source.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = source[: error.start].count(b"\n") + 1
        raise BadFlowFile([FileFault(line, "", "is not UTF-8. Save the file as UTF-8.")]) from None


def _values(text: str) -> tuple[Any, Lines]:
    """:raises BadFlowFile: if it is not YAML, or YAML that a file of a flow may not have"""
    lines: dict[Path, int] = {}
    try:
        refused = list(_refused(text))
        if refused:
            raise BadFlowFile(refused)
        node = yaml.compose(text, Loader=_Loader)
        return (None if node is None else _plain(node, (), lines)), lines
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        message = f"is not YAML: {error.problem or error.context}."
        raise BadFlowFile([FileFault(mark.line + 1 if mark else 1, "", message)]) from None
    except yaml.reader.ReaderError as error:
        line = text[: error.position].count("\n") + 1
        message = "has a character that is not text. Remove it."
        raise BadFlowFile([FileFault(line, "", message)]) from None


def _refused(text: str) -> Iterator[FileFault]:
    """Find what is YAML, and hides what stands in the file or costs too much to read."""
    depth = documents = 0
    for event in yaml.parse(text, Loader=_Loader):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                yield FileFault(line, "", "has more than one document. Write one flow in a file.")
                return
        elif isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            yield FileFault(line, "", "has an alias. Write the value itself.")
        elif getattr(event, "tag", None):
            yield FileFault(line, "", "has a tag. Write the value without it.")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > DEEPEST:
                yield FileFault(line, "", f"nests more than {DEEPEST} levels.")
                return
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _plain(node: yaml.Node, path: Path, lines: dict[Path, int]) -> Any:
    """Return the value of a node, and note the line of each part."""
    lines[path] = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, path, lines)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(each, (*path, place), lines) for place, each in enumerate(node.value)]
    return _scalar(node, path)


def _mapping(node: yaml.MappingNode, path: Path, lines: dict[Path, int]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            raise BadFlowFile([FileFault(line, path_text(path), "has a key that is not a name.")])
        key = key_node.value
        if key in found:
            raise BadFlowFile([FileFault(line, path_text((*path, key)), "stands twice.")])
        found[key] = _plain(value_node, (*path, key), lines)
        lines[*path, key] = line
    return found


def _scalar(node: yaml.Node, path: Path) -> Any:
    text = str(node.value)
    if _FORBIDDEN.search(text):
        message = "has a character that is not text. Remove it."
        raise BadFlowFile([FileFault(node.start_mark.line + 1, path_text(path), message)])
    if node.tag == _BOOL:
        return text == "true"
    if node.tag == _NULL:
        return None
    if node.tag in {_INT, _FLOAT} and len(text) <= MOST_DIGITS:
        return int(text) if node.tag == _INT else float(text)
    return text


def _fault(error: Any, lines: Lines) -> FileFault:
    """Return a fault of pydantic with its line, in words that say what to do."""
    path: Path = tuple(error["loc"])
    known = _known(path, lines)
    if error["type"] == "missing":
        message = "is missing."
    elif error["type"] == "extra_forbidden":
        near = get_close_matches(str(path[-1]), _names(path, lines), n=1)
        message = "is no key of this format." + (f" Did you mean “{near[0]}”?" if near else "")
    else:
        message = f"{str(error['msg']).removeprefix('Value error, ')}."
        path = known
    return FileFault(_line_of(path, lines), path_text(path), message)


def _names(path: Path, lines: Lines) -> list[str]:
    """Return the keys that may stand beside the last one of a path."""
    shape: Any = flow_shape()
    for step in path[:-1]:
        if isinstance(step, int):
            continue
        field = shape.model_fields.get(step)
        if field is None:
            return []
        shape = _row_shape(field.annotation)
        if shape is None:
            return []
    return [field.alias or name for name, field in shape.model_fields.items()]


def _row_shape(annotation: Any) -> Any:
    """Return the model of a row below an annotation such as a tuple of rows, or None."""
    while args := getattr(annotation, "__args__", None):
        annotation = args[0]
    return annotation if hasattr(annotation, "model_fields") else None


def _known(path: Path, lines: Lines) -> Path:
    """Return the longest part of a path that stands in the file."""
    while path and path not in lines:
        path = path[:-1]
    return path


def _line_of(path: Path, lines: Lines) -> int:
    return lines.get(_known(path, lines), 1)


def path_text(path: Path) -> str:
    return ".".join(str(step) for step in path)

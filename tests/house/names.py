"""Names: a class name stands once in the tree, and the glossary lists every public noun once."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.house.documents import documents
from tests.house.rules import ROOT, Source

GLOSSARY = ROOT / "docs/glossary.md"
PACKAGES = ("bench", "config", "delivery", "demo", "integrations", "routing")
# Django finds these by their name.
REQUIRED_BY_DJANGO = {"Command"}
# Decisions stay as they were made.
UNCHECKED = {"decisions"}

_TERM = re.compile(r"^\| \*\*(.+?)\*\* \|", re.MULTILINE)
_QUALIFIER = re.compile(r" \(.*\)$")
_CODE = re.compile(r"`([^`\n]+)`")
_CAPITALISED = re.compile(r"\b[A-Z][A-Za-z]+\b")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")


def class_names(sources: Iterable[Source]) -> dict[str, list[str]]:
    """Return the places of each class. Classes within a class are known by the outer one's name."""
    found = defaultdict(list)
    for source in sources:
        if source.is_migration or source.path.parts[0] not in PACKAGES:
            continue
        for node in _outermost(source.tree):
            found[node.name].append(f"{source.path}:{node.lineno}")
    return found


def _outermost(node: ast.AST) -> Iterator[ast.ClassDef]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef):
            yield child
        else:
            yield from _outermost(child)


def repeated(sources: Iterable[Source]) -> list[str]:
    """Return one line for each class name that stands more than once."""
    return [
        f"{places[0]}: the class name {name} stands again in {', '.join(places[1:])}"
        for name, places in sorted(class_names(sources).items())
        if len(places) > 1 and name not in REQUIRED_BY_DJANGO
    ]


def terms(text: str) -> list[str]:
    """Return the terms of a glossary in lower case, without what stands in brackets."""
    return [_QUALIFIER.sub("", term).lower() for term in _TERM.findall(text)]


def model_names(sources: Iterable[Source]) -> dict[str, str]:
    """Return what each model is called on screen, by its class name."""
    found = {}
    for source in sources:
        if source.is_migration or source.path.parts[0] not in PACKAGES:
            continue
        for node in _outermost(source.tree):
            if name := _verbose_name(node):
                found[node.name] = name
    return found


def _verbose_name(model: ast.ClassDef) -> str:
    meta = next((n for n in model.body if isinstance(n, ast.ClassDef) and n.name == "Meta"), None)
    for node in meta.body if meta else ():
        if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Call):
            continue
        label = node.value.args[0]
        if ast.unparse(node.targets[0]) == "verbose_name" and isinstance(label, ast.Constant):
            return str(label.value)
    return ""


def unlisted(sources: Iterable[Source], glossary: str, texts: Iterable[str]) -> list[str]:
    """
    Return the models, and the public classes that documents name, without a term in the glossary.
    """
    everything = list(sources)
    listed, models = set(terms(glossary)), model_names(everything)
    wanted = {f"{name} ({label})": label for name, label in models.items()}
    for name in _named_in(texts) & class_names(everything).keys() - models.keys():
        wanted[name] = _HUMP.sub(" ", name)
    return [
        f"docs/glossary.md: {name} has no entry"
        for name, term in sorted(wanted.items())
        if term.lower() not in listed
    ]


def _named_in(texts: Iterable[str]) -> set[str]:
    codes = (code for text in texts for code in _CODE.findall(text))
    return {name for code in codes for name in _CAPITALISED.findall(code)}


def twice(glossary: str) -> list[str]:
    """Return the terms that the glossary lists more than once."""
    found = terms(glossary)
    return [
        f"docs/glossary.md: “{term}” has two entries"
        for term in sorted(set(found))
        if found.count(term) > 1
    ]


def names(sources: Iterable[Source], root: Path = ROOT) -> list[str]:
    """Return one line for each broken rule about names."""
    everything, glossary = list(sources), GLOSSARY.read_text(encoding="utf-8")
    texts = [
        path.read_text(encoding="utf-8")
        for path in documents(root)
        if path.parent.name not in UNCHECKED
    ]
    return [*repeated(everything), *unlisted(everything, glossary, texts), *twice(glossary)]

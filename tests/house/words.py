"""
Words that people read: banned phrases with their replacements, and the openings of docstrings.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.house.documents import documents
from tests.house.rules import ROOT, Source

# Each left word was on a screen once; the glossary has the right one.
BANNED = {
    "promises kept": "SLA compliance",
    "default pair": "default owner and backup",
    "put aside": "quarantined, Failed events",
    "parked": "quarantined",
    "exception map": "exception routing",
    "late, mine": "My overdue",
    "doer": "assignee",
    "outgoing change": "outbox message",
    "outgoing changes": "outbox messages",
    "belongs together": "Related work",
    "at a glance": "Details",
    "what is wanted": "Description",
    "came by": "Channel",
    "clears it": "Who can unblock",
    "sign a judgment": "Sign off",
    "text in its place": "Alt text",
    "without the proof": "Waive proof",
    "nudge": "Remind",
    "letter": "E-mail",
    "letters": "E-mails",
    "not to be seen": "Published page not visible",
    "evidence is whole": "the audit trail is intact",
    "usual time": "Median",
    "please decide until": "Please decide by",
    "it stands here": "We will show it here",
    "say why": "Enter a reason",
    "not a step from here": "Not allowed in this state",
    "look again, then repeat": "reload the page and try again",
    "tell whoever": "Tell your administrator",
    "made anew": "sent again",
    "tried anew": "retried",
    "not heard of": "never reported back",
    "outgoing intent": "outbox message",
}
# Labels that are wrong as a whole, though their words may stand in a sentence.
BANNED_LABELS = {
    "Captured": "New",
    "Deliveries": "Inbound webhooks",
    "Evidence whole": "Audit trail intact",
    "For me": "Notifications",
    "Dispatch": "Queued event",
    "Hand over": "Reassign",
    "Intent": "Outbox message",
    "Kept": "Met %",
    "Late": "Overdue",
    "Outgoing": "Outbox",
    "Promised": "Target",
    "Seals": "Audit seals",
    "Standing": "Status",
    "The story": "Trace",
    "Told": "Notified",
    "Wanted": "Outbox message",
    "What happened": "Activity",
}
LETTERS_OF_THE_ALPHABET = re.compile(
    r"\b(capital|fewer|lower-case|small|with a) letters?\b", re.IGNORECASE
)
# Decisions stay as they were made; states and turns are written from the code.
UNCHECKED = {"decisions", "states"}
UNCHECKED_FILES = {"requirements.md", "turns.md"}  # the former quotes what was asked for

GETTEXT = {"_", "gettext", "gettext_lazy", "ngettext", "ngettext_lazy", "pgettext", "pgettext_lazy"}
LABELS = {
    "description",
    "empty_text",
    "empty_title",
    "heading",
    "help_text",
    "label",
    "verbose_name",
    "verbose_name_plural",
}
QUESTION = re.compile(r"(What|Who|Whom|Whose|Whether|How|Why|Where|When|Which)\b")
MOST_QUESTIONS = 0.02  # of all docstrings

_FORBIDDEN = re.compile(
    r"\b(" + "|".join(sorted(map(re.escape, BANNED), key=len, reverse=True)) + r")\b", re.IGNORECASE
)
_TRANSLATED = re.compile(r"\{%-?\s*translate\s+(?:\"([^\"]*)\"|'([^']*)')|_\(\"([^\"]*)\"\)")
_NOT_SHOWN = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}|<[^>]*>", re.DOTALL)
_CODE = re.compile(r"```.*?```|`[^`]*`|\]\([^)]*\)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class VisibleText:
    """Text that people read, with its place."""

    path: Path
    line: int
    text: str


def shown(root: Path = ROOT) -> Iterator[VisibleText]:
    """Yield the visible texts of the product: gettext strings, labels, templates and documents."""
    for package in ("config", "integrations", "delivery", "routing", "demo"):
        for path in sorted((root / package).rglob("*.py")):
            if path.parent.name != "migrations":
                yield from shown_by_code(
                    Source(path.relative_to(root), path.read_text(encoding="utf-8"))
                )
        for path in sorted(
            (*(root / package).rglob("*.html"), *(root / package).rglob("templates/**/*.txt"))
        ):
            yield from shown_by_template(path.relative_to(root), path.read_text(encoding="utf-8"))
    for path in documents(root):
        if path.parent.name not in UNCHECKED and path.name not in UNCHECKED_FILES:
            yield from shown_by_document(path.relative_to(root), path.read_text(encoding="utf-8"))


def shown_by_code(source: Source) -> Iterator[VisibleText]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call):
            name = (
                node.func.attr
                if isinstance(node.func, ast.Attribute)
                else getattr(node.func, "id", "")
            )
            arguments = list(node.args) if name in GETTEXT else []
            arguments += [keyword.value for keyword in node.keywords if keyword.arg in LABELS]
            for argument in arguments:
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    yield VisibleText(source.path, argument.lineno, argument.value)


def shown_by_template(path: Path, text: str) -> Iterator[VisibleText]:
    for match in _TRANSLATED.finditer(text):
        found = next(group for group in match.groups() if group is not None)
        yield VisibleText(path, text.count("\n", 0, match.start()) + 1, found)
    rest = _NOT_SHOWN.sub(_blank, text)
    for number, line in enumerate(rest.splitlines(), start=1):
        if line.strip():
            yield VisibleText(path, number, line.strip())


def shown_by_document(path: Path, text: str) -> Iterator[VisibleText]:
    for number, line in enumerate(_CODE.sub(_blank, text).splitlines(), start=1):
        if line.strip():
            yield VisibleText(path, number, line)


def _blank(match: re.Match[str]) -> str:
    """Replace what is not shown, but keep its line breaks, so that line numbers stay right."""
    return " " + "\n" * match[0].count("\n")


def words(texts: Iterable[VisibleText]) -> list[str]:
    """Return one line for each banned word, with the word to use."""
    return [finding for each in texts for finding in _wrong(each)]


def _wrong(seen: VisibleText) -> Iterator[str]:
    place, label = f"{seen.path}:{seen.line}", seen.text.strip()
    if label in BANNED_LABELS:
        yield f"{place}: “{label}” is no label; say “{BANNED_LABELS[label]}”"
    for match in _FORBIDDEN.finditer(LETTERS_OF_THE_ALPHABET.sub("", seen.text)):
        yield f"{place}: “{match[0]}” is not a word of ours; say “{BANNED[match[0].lower()]}”"


def openings(sources: Iterable[Source]) -> list[str]:
    """Return the docstrings that open with a question word, if they are more than a few."""
    everything = [
        place for source in sources if not source.is_migration for place in _docstrings(source)
    ]
    questions = [place for place, text in everything if QUESTION.match(text)]
    if len(questions) <= MOST_QUESTIONS * len(everything):
        return []
    return [
        f"{place}: begin the docstring with an imperative or a noun phrase" for place in questions
    ]


def _docstrings(source: Source) -> Iterator[tuple[str, str]]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            text = ast.get_docstring(node)
            if text:
                yield f"{source.path}:{node.body[0].lineno}", text

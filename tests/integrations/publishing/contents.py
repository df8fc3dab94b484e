"""Titles and bodies of all scripts, and oddities, each with a slug where none can be derived."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Content:
    """
    ``refused`` names the systems that do not take it, or is “all”. ``title`` and ``body`` are as an
    author enters them.
    """

    title: str
    body: str = "<p>Text</p>"
    slug: str = ""
    excerpt: str = ""
    refused: str = ""


PARTY = "\U0001f389"
FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"

CONTENTS = [
    Content("ΔΟΚΙΜΗ", "<p>Ελληνικά κείμενα</p>"),
    Content("Über uns – Größe", "<p>Grüße aus Köln</p>", excerpt="Für Sie"),
    Content("Łódź Źródła", "<p>Zażółć gęślą jaźń</p>"),
    Content("Ø Ærø", "<p>Blåbærsyltetøj</p>"),
    Content("Þjóðhátíð", "<p>Íslenska</p>"),
    Content("Привет, мир", "<p>Съешь ещё этих мягких французских булок</p>"),
    Content("Україна їжак", "<p>Ґанок</p>"),
    Content("Tiếng Việt đẹp", "<p>Chữ Quốc ngữ</p>"),
    Content("İstanbul ığdır", "<p>Şişli</p>"),
    Content("日本語を学ぶ", "<p>漢字とかな</p>", refused="all"),
    Content("日本語を学ぶ", "<p>漢字とかな</p>", slug="nihongo"),
    Content("北京欢迎你", "<p>汉字</p>", slug="beijing"),
    Content("한국어 배우기", "<p>한글</p>"),
    Content("مرحبا بالعالم", '<p dir="rtl">نص عربي</p>', slug="marhaban"),
    Content("שלום עולם", '<p dir="rtl">טקסט</p>', slug="shalom"),
    Content("नमस्ते दुनिया", "<p>हिन्दी</p>", slug="namaste"),
    Content("สวัสดีชาวโลก", "<p>ภาษาไทย</p>", slug="sawasdee"),
    Content("አማርኛ", "<p>ጽሑፍ</p>", slug="amharic"),
    Content("ქართული", "<p>დამწერლობა</p>"),
    Content("e\u0301te\u0301 de\u0301compose\u0301", "<p>e\u0301</p>"),
    Content(f"Party {PARTY}", "<p>Text</p>", refused="narrow"),
    Content(PARTY, "<p>Text</p>", refused="all"),
    Content("Emoji in the text", f"<p>{FAMILY} {PARTY}</p>", refused="narrow"),
    Content("Emoji in the excerpt", excerpt=f"Hi {PARTY}", refused="narrow"),
    Content("Rare characters", "<p>\U00020bb7野家 𝒳</p>", refused="narrow"),
    Content("Emoji of sixteen bits ☀ ✔", "<p>☎ ♥</p>"),
    Content("“Quotes” and 'quotes' & more", "<p>\"a\" -- 'b'... 9x9</p>"),
    Content("AT&T's R&D", "<p>R&amp;D &lt;b&gt; &amp;amp;</p>"),
    Content("100 % – 50 €", "<p>½ × ¼ = ⅛ · ™ ©</p>"),
    Content("A title\twith\r\nwhite\x0b space", "<p>x</p>"),
    Content("Zero\u200bwidth co\u00adop", "<p>a\u200bb</p>"),
    Content("x" * 200, "<p>long</p>"),
    Content("x" * 201, "<p>long</p>", refused="all"),
    Content("A long text", "<p>" + "word " * 8_000 + "</p>"),
    Content("Too long a text", "<p>" + "x" * 200_001 + "</p>", refused="all"),
    Content("Slashes", slug="/a/b", refused="all"),
    Content("A typed slug", slug="Grüße", refused="all"),
    Content("No text", "", refused="all"),
    Content("Lists", "<ul><li>one<ul><li>two</li></ul></li></ul><hr><pre>a  b\n c</pre>"),
    Content("Tables", '<table><tr><th scope="col">H</th></tr><tr><td>d</td></tr></table>'),
    Content("Scripts", "<p onclick='x()'>Hi<script>alert(1)</script></p>"),
    Content("Control\x00characters\x1b", "<p>a\x00b\x07c</p>"),
    Content("Half a character \ud83d", "<p>\udc00</p>"),
]

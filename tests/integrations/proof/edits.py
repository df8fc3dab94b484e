"""
Edits of a published page: those that change what its reader gets, and those that do not.

Each is made to the page as it is stored, or to the theme around it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

BODY = """<h2>Opening hours</h2>
<p>We open on Monday at 9. Bring 10<sup>2</sup> friends.</p>
<p>Read <a href="https://example.com/terms">our terms</a> and <a href="https://example.com/prices?year=2026">the prices</a>.</p>
<figure><img src="asset:{sha}" alt="Four people at a desk" width="8" height="8"><figcaption>The team</figcaption></figure>
<h3>Prices</h3>
<ul><li>One loaf costs 4 euros</li><li>Two loaves cost 7 euros</li></ul>
<p>It's "fresh" - always. Write to <a href="mailto:hello@example.com">hello@example.com</a> or see <a href="http://example.org/map">the map</a>.</p>
<p>Closed on Sunday.</p>"""  # noqa: E501
CLOSED = "<p>Closed on Sunday.</p>"
TERMS = '<a href="https://example.com/terms">our terms</a>'
PRICES = '<a href="https://example.com/prices?year=2026">the prices</a>'
MAP = '<a href="http://example.org/map">the map</a>'
FRAMED = '<iframe src="https://videos.example/1"></iframe>'
MENU = '<nav><ul><li><a href="/">Home</a></li><li><a href="/prices">Prices</a></li></ul></nav>'
SHARE = (
    '<div class="sharedaddy"><h3>Share this</h3><ul><li><a href="https://x.example/?u=1">X</a></li>'
    "</ul></div>"
)
RELATED = (
    '<section class="related"><h2>You may also like</h2><p><a href="/cake/">Cake</a></p>'
    '<img src="/cake.png" alt="A cake"></section>'
)


class EditedPage(Protocol):
    """A live page and whoever may edit it on the site."""

    picture: str  # its address
    url: str

    def replace(self, old: str, new: str) -> None: ...

    def edit(self, **fields: object) -> None: ...

    def around(self, **parts: str) -> None: ...


@dataclass(frozen=True)
class PageEdit:
    """``says`` is a part of the sentence about it. An edit without one makes no difference."""

    name: str
    make: Callable[[EditedPage], None]
    says: str = ""


def text(name: str, old: str, new: str, says: str = "") -> PageEdit:
    return PageEdit(name, lambda page: page.replace(old, new), says)


def field(name: str, says: str = "", **fields: object) -> PageEdit:
    return PageEdit(name, lambda page: page.edit(**fields), says)


def theme(name: str, says: str = "", **parts: str) -> PageEdit:
    return PageEdit(name, lambda page: page.around(**parts), says)


def swapped(page: EditedPage) -> None:
    page.replace("https://example.com/terms", "https://example.com/swap")
    page.replace("https://example.com/prices?year=2026", "https://example.com/terms")
    page.replace("https://example.com/swap", "https://example.com/prices?year=2026")


def picture(change: Callable[[str], str]) -> Callable[[EditedPage], None]:
    """Put another address in place of the picture's."""
    return lambda page: page.replace(f'src="{page.picture}"', change(page.picture))


def moved_picture(page: EditedPage) -> None:
    image = f'<img src="{page.picture}" alt="Four people at a desk" width="8" height="8">'
    page.replace(image, "")
    page.replace(CLOSED, f"{CLOSED}{image}")


def both(*pairs: tuple[str, str]) -> Callable[[EditedPage], None]:
    def make(page: EditedPage) -> None:
        for old, new in pairs:
            page.replace(old, new)

    return make


def zoomed(page: EditedPage) -> None:
    page.replace("<figure><img", f'<figure><a href="{page.picture}"><img')
    page.replace("<figcaption>", "</a><figcaption>")


def sized(address: str) -> str:
    return f'src="{address.removesuffix(".png")}-300x200.png"'


MATTERS = [
    text("a word", "Monday", "Tuesday", "says “We open on Tuesday"),
    text("a digit", "4 euros", "5 euros", "5 euros"),
    text("a raised digit", "<sup>2</sup>", "2", "102"),
    text("a word more", "We open", "We never open", "never"),
    text("capitals", "Closed on Sunday", "CLOSED on Sunday", "CLOSED"),
    text("a paragraph less", CLOSED, "", "does not show “Closed on Sunday.”"),
    text("a paragraph inside", "<h3>", "<p>Sold out.</p><h3>", "also shows “Sold out.”"),
    text("a paragraph at the end", CLOSED, f"{CLOSED}<p>Sold out.</p>", "“Sold out.”"),
    text("a paragraph at the start", "<h2>", "<p>Sold out.</p><h2>", "“Sold out.”"),
    text("a list item less", "<li>Two loaves cost 7 euros</li>", "", "“Two loaves cost 7 euros”"),
    text(
        "items in another order",
        "<li>One loaf costs 4 euros</li><li>Two loaves cost 7 euros</li>",
        "<li>Two loaves cost 7 euros</li><li>One loaf costs 4 euros</li>",
        "in another place",
    ),
    text("struck through", "Closed on Sunday.", "<s>Closed on Sunday.</s>", "~Closed"),
    text("hidden", "<p>Closed", '<p style="display:none">Closed', "does not show “Closed"),
    text("another caption", "The team", "The old team", "The old team"),
    text("a heading less", "<h3>Prices</h3>", "", "does not show “Prices”"),
    text("a heading that is text", "<h3>Prices</h3>", "<p>Prices</p>", "no longer a heading"),
    text(
        "a heading of another level", "<h3>Prices</h3>", "<h5>Prices</h5>", "level 5 instead of 3"
    ),
    text("another target", "example.com/terms", "example.com/other", "leads to"),
    text("another query", "year=2026", "year=2027", "year=2027 instead of"),
    text("no longer safe", TERMS, TERMS.replace("https", "http"), "leads to http:"),
    text("a link less", TERMS, "our terms", "“our terms” to https://example.com/terms is missing"),
    text("a link more", "Monday", '<a href="https://spam.example/">Monday</a>', "spam.example"),
    PageEdit("targets swapped", swapped, "leads to"),
    text("another address of mail", "mailto:hello@", "mailto:other@", "other@example.com"),
    PageEdit("another picture", picture(lambda _: 'src="/wp-includes/other.png"'), "does not show"),
    PageEdit("a picture in another place", moved_picture, "in another place"),
    text("a picture more", "<h3>", '<img src="/more.png" alt="More"><h3>', "also shows the image"),
    text(
        "another alternative text", "Four people at a desk", "Nobody", "alternative text “Nobody”"
    ),
    text("no alternative text", ' alt="Four people at a desk"', "", "no alternative text"),
    text("a video inside", "<h3>", f"{FRAMED}<h3>", "frame"),
    text("a script inside", "<h3>", "<script>alert(1)</script><h3>", "a script"),
    field("a title with more", "“Fresh bread (withdrawn)”", title="Fresh bread (withdrawn)"),
    field("another title", "“Stale bread”", title="Stale bread"),
    field("a draft", "404", status="draft"),
    theme("not to be listed", "noindex", head='<meta name="robots" content="noindex">'),
    theme("not to be listed, said in a header", "noindex", robots="noindex, nofollow"),
    theme(
        "another canonical address",
        "canonical",
        head='<link rel="canonical" href="https://other.example/">',
    ),
    theme(
        "sent on",
        "sends its readers on",
        head='<meta http-equiv="refresh" content="0; url=https://other.example/">',
    ),
]
HARMLESS = [
    text("a class", "<p>We", '<p class="wide has-background">We'),
    text("a colour", "<p>We", '<p style="color:red">We'),
    text("emphasis", "Monday", "<strong>Monday</strong>"),
    text("a span", "Monday", '<span class="nobr">Monday</span>'),
    text("a wrapper", CLOSED, f'<div class="wp-block-group">{CLOSED}</div>'),
    PageEdit(
        "a frame that scrolls",
        both(("<ul>", '<div class="scrolls"><ul>'), ("</ul>", "</ul></div>")),
    ),
    text(
        "a window of its own",
        '"https://example.com/terms"',
        '"https://example.com/terms" target="_blank" rel="noopener nofollow"',
    ),
    text("a hint of a link", TERMS, TERMS.replace("<a ", '<a title="The terms" class="button" ')),
    text("a safer link", MAP, MAP.replace("http:", "https:")),
    text("a spelling of a link", "example.com/terms", "EXAMPLE.com/%74erms"),
    text(
        "words for a screen reader",
        "our terms</a>",
        'our terms<span class="screen-reader-text"> (opens in a new tab)</span></a>',
    ),
    text("a sign at a heading", "Prices</h3>", 'Prices<a class="anchor" href="#prices">#</a></h3>'),
    text("a size of a picture", 'width="8" height="8"', 'width="800" class="wp-image-1"'),
    PageEdit("a smaller picture", picture(sized)),
    PageEdit("pictures of several sizes", picture(lambda src: f'src="{src}" srcset="{src} 1x"')),
    PageEdit(
        "a late picture", picture(lambda src: f'src="data:image/gif;base64,R0" data-src="{src}"')
    ),
    PageEdit(
        "a picture from a network",
        picture(lambda src: src.replace("http://", 'src="https://i0.wp.com/') + '?ssl=1"'),
    ),
    PageEdit("a picture to zoom into", zoomed),
    text("curly quotes", '"fresh"', "“fresh”"),
    text("an apostrophe", "It's", "It’s"),
    text("a dash", '" - always', '" – always'),
    text("a space that keeps words together", "on Monday", "on&nbsp;Monday"),
    text("a soft hyphen", "Monday", "Mon&shy;day"),
    text("white space", "<p>We open on", "<p>\n\n  We   open\n on"),
    text("a comment", CLOSED, f"<!-- checked -->{CLOSED}"),
    text("a character reference", "Monday", "&#77;onday"),
    text("a paragraph in two", "at 9. Bring", "at 9.</p><p>Bring"),
    PageEdit("numbers for dots", both(("<ul>", "<ol>"), ("</ul>", "</ol>"))),
    text(
        "a hidden address of mail",
        'href="mailto:hello@example.com"',
        'href="/cdn-cgi/l/email-protection#6008050c0c0f200518010d100c054e030f0d"',
    ),
    field("another excerpt", excerpt="Another excerpt."),
    field("another date", date="2026-01-02T03:04:05"),
    field("no comments", comment_status="closed", ping_status="closed"),
    theme("a menu", before=MENU, after="<footer><p>© A site</p></footer>"),
    theme("a sidebar", after='<aside><h2>News</h2><a href="/news/">All news</a></aside>'),
    theme(
        "another frame", opening='<section id="text"><div class="col">', closing="</div></section>"
    ),
    theme("another heading", heading='<h1 class="big"><span>{}</span></h1>'),
    theme("buttons to share", opening='<div class="entry-content">', below=SHARE, closing="</div>"),
    theme("related posts", opening='<div class="entry-content">', below=RELATED, closing="</div>"),
    theme(
        "a banner for cookies", after='<div id="cookies"><p>Cookies?</p><button>Yes</button></div>'
    ),
    theme(
        "data for search engines",
        head='<script type="application/ld+json">{"@type": "Article"}</script>'
        '<meta name="robots" content="index, follow">',
    ),
    theme(
        "statistics",
        after='<script src="/count.js"></script><noscript><img src="/c.gif" alt=""></noscript>',
    ),
]

"""
The cleaning of HTML by WordPress (kses), for roles without ``unfiltered_html``.

It follows wp-includes/kses.php of WordPress 6, with its quirks, since those reach the reader.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from html.entities import html5

# Of posts, and the few of titles and names.
POST_TAGS = frozenset(
    "address a abbr acronym area article aside audio b bdo big blockquote br button caption cite "  # noqa: SIM905
    "code col colgroup del dd dfn details div dl dt em fieldset figure figcaption font footer h1 "
    "h2 h3 h4 h5 h6 header hgroup hr i img ins kbd label legend li main map mark menu nav object "
    "p pre q rb rp rt rtc ruby s samp span section small strike strong sub summary sup table tbody "
    "td textarea tfoot th thead title tr track tt u ul ol var video".split()
)
TITLE_TAGS = frozenset(
    "a abbr acronym b blockquote cite code del em i q s strike strong".split()  # noqa: SIM905
)
_ATTRIBUTES = frozenset(
    "align alt border cite class colspan controls coords datetime dir download headers height href "  # noqa: SIM905
    "hspace id lang loading longdesc name nowrap open preload rel rev reversed role rowspan scope "
    "shape src start style summary target title type usemap valign value vspace width".split()
)
_NAMED = frozenset(name.removesuffix(";") for name in html5 if name.endswith(";"))
_PART = re.compile(r"<!--.*?(?:-->|$)|<[^>]*(?:>|$)|>")
_TAG = re.compile(r"<\s*(/\s*)?([a-zA-Z0-9-]+)([^>]*)>?")
_ATTRIBUTE = re.compile(r"""([a-zA-Z_:][\w:.-]*)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s"']+))?""")
_PROTOCOL = re.compile(r"\s*([a-zA-Z][a-zA-Z0-9+.-]*)\s*:(.*)", re.DOTALL)
_PROTOCOLS = frozenset(
    "http https ftp ftps mailto news irc irc6 ircs gopher nntp feed telnet mms rtsp sms svn tel "  # noqa: SIM905
    "fax xmpp webcal urn".split()
)
_LINKS = frozenset({"href", "src", "cite", "longdesc", "usemap"})


def kses(html: str, tags: Collection[str] = POST_TAGS) -> str:
    """Return HTML with allowed tags only. The content of other tags stays."""
    return _PART.sub(lambda part: _part(part[0], tags), normal_entities(html))


def normal_entities(html: str) -> str:
    """Spell entities as WordPress does, so that “&amp;#91;” becomes “&#091;”."""
    html = html.replace("&", "&amp;")
    html = re.sub(r"&amp;([A-Za-z]{2,8}[0-9]{0,2});", _named, html)
    html = re.sub(r"&amp;#(0*[0-9]{1,7});", _decimal, html)
    return re.sub(r"&amp;#[Xx](0*[0-9A-Fa-f]{1,6});", lambda found: f"&#x{found[1]};", html)


def text_field(text: str) -> str:
    """Return a text as sanitize_text_field does: without tags, octets and line breaks."""
    if "<" in text:
        text = re.sub(r"<[^>]*?(?=<|$)", lambda found: found[0].replace("<", "&lt;"), text)
        text = re.sub(r"<(script|style)[^>]*?>.*?</\1>", "", text, flags=re.DOTALL | re.IGNORECASE)
        text = re.sub(r"<[^>]*>", "", text)
    return " ".join(re.sub(r"%[a-fA-F0-9]{2}", "", text).split())


def _named(found: re.Match[str]) -> str:
    return f"&{found[1]};" if found[1] in _NAMED else found[0]


def _decimal(found: re.Match[str]) -> str:
    return f"&#{found[1].lstrip('0').zfill(3)};"


def _part(part: str, tags: Collection[str]) -> str:
    if part == ">":
        return "&gt;"
    if part.startswith("<!--"):
        inside = part.removeprefix("<!--").removesuffix("-->")
        return f"<!--{re.sub('--+', '-', inside)}-->" if inside else ""
    tag = _TAG.fullmatch(part)
    if tag is None or tag[2].lower() not in tags:
        return ""
    if tag[1]:
        return f"</{tag[2]}>"
    slash = " /" if tag[3].rstrip().endswith("/") else ""
    kept = "".join(_attribute(each) for each in _ATTRIBUTE.finditer(tag[3]))
    return f"<{tag[2]}{re.sub('[<>]', '', kept)}{slash}>"


def _attribute(found: re.Match[str]) -> str:
    name, value = found[1].lower(), found[2] or ""
    if value[:1] in {'"', "'"}:
        value = value[1:-1]
    if name not in _ATTRIBUTES and not name.startswith(("aria-", "data-")):
        return ""
    if found[2] is None:
        return f" {found[1]}"
    protocol = _PROTOCOL.fullmatch(value) if name in _LINKS else None
    if protocol is not None and protocol[1].lower() not in _PROTOCOLS:
        value = protocol[2]
    return f' {found[1]}="{value}"'

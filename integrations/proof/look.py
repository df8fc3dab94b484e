"""
Probe a public page: fetch it as any visitor does, and compare it with the approved version.

A probe sends no credentials and uses no private address except the destination's own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import urljoin, urlsplit

from integrations.adapters.registry import adapter_of
from integrations.base.adapter import (
    CredentialsRefused,
    Permanent,
    PrivateAddress,
    Temporary,
    Written,
)
from integrations.base.connections import Connection
from integrations.base.markup import assets_in, placed, seen
from integrations.base.origins import Origin, origin_of
from integrations.http.client import ClientResponse, SafeClient
from integrations.proof.compare import Comparison, Shown, compare
from integrations.proof.first import lacks

HTML = {"accept": "text/html,application/xhtml+xml"}
ANY = {"accept": "*/*"}
# A page that needs a password shares that with its site, as does one at a private address.
OF_SITE = (PrivateAddress, CredentialsRefused)
MOST_IMAGES = 50
MOST_BYTES = 64 * 1024 * 1024  # of one image
MOST_PAGE_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Proof:
    """
    The result of a probe.

    ``differences`` are sentences. Without any, the page is proven. ``evidence`` has the addresses
    and their answers, and what stands around the content, as JSON. ``stricter`` are those of the
    differences that the first version of the comparison did not look for. ``of_site`` is true if
    the reason is the site's and not the page's, so that its other pages have it, too.
    """

    differences: Sequence[str]
    evidence: Mapping[str, Any]
    stricter: Sequence[str] = ()
    of_site: bool = False

    @property
    def holds(self) -> bool:
        return not self.differences


def probe(
    connection: Connection,
    content: Mapping[str, Any],
    written: Written,
    frame: Mapping[str, Any] | None = None,
) -> Proof:
    """
    Fetch the page and all its images. Called outside any transaction.

    :param frame: what stood around the content when the page was proven
    :raises Temporary: if the page or an image gave no answer, which proves nothing either way
    """
    adapter = adapter_of(connection.kind)
    private = adapter.probed(connection) if adapter else frozenset()
    if not written.url:
        return Proof(["The destination reported no address of the page."], {})
    answer, trouble = _get(written.url, private, HTML)
    evidence: dict[str, Any] = {"url": written.url, "status": trouble.status if trouble else 200}
    if answer is None:
        words = f"The page cannot be read: {trouble}"
        if isinstance(trouble, PrivateAddress):
            words = _inside(connection, written.url)
        return Proof([words], evidence, of_site=isinstance(trouble, OF_SITE))
    evidence |= {"status": answer.status, "sha256": sha256(answer.body).hexdigest()}
    compared = _of_page(connection, answer, content, written, frame)
    found = list(compared.differences)
    if compared.frame:
        evidence["frame"] = dict(compared.frame)
    evidence["images"] = []
    later = None
    for url, wanted in _files(content, written).items():
        try:
            wrong, image_evidence = _image(url, wanted, private)
        except Temporary as error:
            wrong, image_evidence, later = "", {"status": 0}, later or error
        if wrong:
            found.append(wrong)
        evidence["images"].append({"url": url, **image_evidence})
    # A difference stays one, whatever the missing answers would say.
    if later and not found:
        raise later
    return Proof(found, evidence, _stricter(answer, content, written, compared, found))


def look_at_page(url: str) -> tuple[ClientResponse, None] | tuple[None, Permanent]:
    """
    Fetch an address that a person entered, as any visitor does, and no private one.

    :returns: the answer, or the error if a retry cannot help
    :raises Temporary: if a retry may help
    """
    return _get(url, frozenset(), HTML)


def _inside(connection: Connection, url: str) -> str:
    """Return what to do about a site that calls its pages by a private address."""
    origin = origin_of(url)
    allowed = " ".join(
        f"--allow-private {each}" for each in sorted({*connection.private_origins, origin})
    )
    return (
        f"The site gives its pages the address {origin}, which is private, so nobody outside sees "
        f"them, and they are not looked at. Correct the address in the settings of the site. If "
        f"it is right, an administrator allows exactly this address with: manage.py connect "
        f"{connection.kind} --slug {connection.slug} {allowed}"
    )


def _of_page(
    connection: Connection,
    answer: ClientResponse,
    content: Mapping[str, Any],
    written: Written,
    frame: Mapping[str, Any] | None,
) -> Comparison:
    kind = answer.headers.get("content-type", "")
    if not _is_page(answer):
        said = f"The page answers {answer.status} with {kind or 'nothing'}, not a page of its own."
        return Comparison([said])
    seo = str((content.get("seo") or {}).get("title") or "")
    media = written.evidence.get("media") or {}
    shown = Shown(
        content["title"],
        _placed(content, written),
        written.url,
        (seo,) if seo else (),
        tuple(str(each["url"]) for each in media.values()),
    )
    found = compare(
        shown,
        answer.body.decode(errors="replace"),
        frame,
        robots=answer.headers.get("x-robots-tag", ""),
        listed=not connection.setting("unlisted", False),
    )
    if _is_exact(written) and sha256(answer.body).hexdigest() != written.evidence["sha256"]:
        said = "The page is not, byte for byte, what was written."
        return Comparison([said, *found.differences], found.frame)
    return found


def _stricter(
    answer: ClientResponse,
    content: Mapping[str, Any],
    written: Written,
    compared: Comparison,
    found: Sequence[str],
) -> Sequence[str]:
    """Return the differences, if the first version of the comparison would have found none."""
    if not _is_page(answer) or len(found) > len(compared.differences):
        return ()
    if _is_exact(written):
        same = sha256(answer.body).hexdigest() == written.evidence["sha256"]
        return tuple(found) if same else ()
    page = answer.body.decode(errors="replace")
    return () if lacks(content["title"], _placed(content, written), page) else tuple(found)


def _is_page(answer: ClientResponse) -> bool:
    return answer.status == 200 and "html" in answer.headers.get("content-type", "")  # noqa: PLR2004


def _is_exact(written: Written) -> bool:
    """Return whether the destination serves the bytes that we wrote, as a static site does."""
    return bool(written.evidence.get("sha256"))


def _placed(content: Mapping[str, Any], written: Written) -> str:
    media = written.evidence.get("media") or {}
    body: str = content["body_html"]
    urls = {sha: f"asset:{sha}" for sha in assets_in(body)}
    for sha in urls:
        if sha in media:
            urls[sha] = str(media[sha]["url"])
    return placed(body, urls)


def _files(content: Mapping[str, Any], written: Written) -> dict[str, str]:
    """
    Return the address of each image with its expected digest.

    The digest is empty if the destination does not keep bytes as they are.
    """
    media = written.evidence.get("media") or {}
    files: dict[str, str] = {}
    for sha, each in media.items():
        files[str(each["url"])] = sha if _is_exact(written) else ""
    for image in seen(_placed(content, written)).images:
        url = urljoin(written.url, image)
        if urlsplit(url).scheme in {"http", "https"}:
            files.setdefault(url, "")
    return dict(list(files.items())[:MOST_IMAGES])


def _image(url: str, wanted: str, private: frozenset[Origin]) -> tuple[str, dict[str, Any]]:
    """Return a sentence if something is wrong, and the evidence."""
    answer, trouble = _get(url, private, ANY, method="GET" if wanted else "HEAD")
    if answer is None:
        status = trouble.status if trouble else 0
        return f"The image {url} cannot be read: {trouble}", {"status": status}
    image_evidence: dict[str, Any] = {"status": answer.status}
    if answer.status != 200:  # noqa: PLR2004
        return f"The image {url} answers {answer.status}.", image_evidence
    if wanted:
        image_evidence["sha256"] = sha256(answer.body).hexdigest()
        if image_evidence["sha256"] != wanted:
            return f"The image {url} is not, byte for byte, what was written.", image_evidence
    return "", image_evidence


def _get(
    url: str, private: frozenset[Origin], headers: Mapping[str, str], method: str = "GET"
) -> tuple[ClientResponse, None] | tuple[None, Permanent]:
    """
    Return an answer, or the error if a retry cannot help.

    :raises Temporary: if a retry may help
    """
    try:
        origin = origin_of(url)
        parts = urlsplit(url)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        # A client for each origin, so that only the destination's own may be a private address.
        with SafeClient(
            f"{parts.scheme}://{parts.netloc}",
            private=private & {origin},
            most_bytes=MOST_PAGE_BYTES if headers is HTML else MOST_BYTES,
        ) as client:
            return client.call(method, path or "/", headers=headers), None
    except Permanent as error:
        if method == "HEAD" and error.status in {405, 501}:  # some servers know only GET
            return _get(url, private, headers)
        return None, error
    except ValueError as error:
        return None, Permanent(str(error))

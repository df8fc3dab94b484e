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
from integrations.proof.compare import Shown, differences

HTML = {"accept": "text/html,application/xhtml+xml"}
ANY = {"accept": "*/*"}
# A page that needs a password shares that with its site, as does one at a private address.
OF_SITE = (PrivateAddress, CredentialsRefused)
MOST_IMAGES = 50
MOST_BYTES = 64 * 1024 * 1024  # of one image


@dataclass(frozen=True, slots=True)
class Proof:
    """
    The result of a probe.

    ``differences`` are sentences. Without any, the page is proven. ``evidence`` has the addresses
    and their answers, as JSON. ``of_site`` is true if the reason is the site's and not the page's,
    so that every other page of the site has it, too.
    """

    differences: Sequence[str]
    evidence: Mapping[str, Any]
    of_site: bool = False

    @property
    def holds(self) -> bool:
        return not self.differences


def probe(connection: Connection, content: Mapping[str, Any], written: Written) -> Proof:
    """
    Fetch the page and all its images. Called outside any transaction.

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
    found = _of_page(answer, content, written)
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
    return Proof(found, evidence)


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


def _of_page(answer: ClientResponse, content: Mapping[str, Any], written: Written) -> list[str]:
    kind = answer.headers.get("content-type", "")
    if answer.status != 200 or "html" not in kind:  # noqa: PLR2004  # HTTP's own number
        return [
            f"The page answers {answer.status} with {kind or 'nothing'}, not a page of its own."
        ]
    page = answer.body.decode(errors="replace")
    if not _is_exact(written):
        return differences(Shown(content["title"], _placed(content, written)), page)
    found = []
    if sha256(answer.body).hexdigest() != written.evidence["sha256"]:
        found.append("The page is not, byte for byte, what was written.")
    # Addresses of images are relative to this page, so they are not compared. Their bytes are.
    shown = Shown(content["title"], content["body_html"])
    return found + [each for each in differences(shown, page) if "asset:" not in each]


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
            f"{parts.scheme}://{parts.netloc}", private=private & {origin}, most_bytes=MOST_BYTES
        ) as client:
            return client.call(method, path or "/", headers=headers), None
    except Permanent as error:
        if method == "HEAD" and error.status in {405, 501}:  # some servers know only GET
            return _get(url, private, headers)
        return None, error
    except ValueError as error:
        return None, Permanent(str(error))

"""
Look at a page as anybody may: is what was approved really there? No credentials, and no private
address but the destination's own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import urljoin, urlsplit

from integrations.adapters.registry import adapter_of
from integrations.base.adapter import Permanent, Temporary, Written
from integrations.base.connections import Connection
from integrations.base.markup import assets_in, placed, seen
from integrations.base.origins import Origin, origin_of
from integrations.http.client import ClientResponse, SafeClient
from integrations.proof.compare import Shown, differences

HTML = {"accept": "text/html,application/xhtml+xml"}
ANY = {"accept": "*/*"}
MOST_IMAGES = 50
MOST_BYTES = 64 * 1024 * 1024  # of one image that is compared byte for byte


@dataclass(frozen=True, slots=True)
class Proof:
    """
    ``differences`` are sentences, none when the page is proven; ``evidence`` is what was looked at
    and answered, as JSON.
    """

    differences: Sequence[str]
    evidence: Mapping[str, Any]

    @property
    def holds(self) -> bool:
        return not self.differences


def probe(connection: Connection, content: Mapping[str, Any], written: Written) -> Proof:
    """
    Fetch the canonical URL and every image of ours. Outside any transaction.

    :raises Temporary: if the page or an image could not be asked for just now: that proves nothing
        either way
    """
    adapter = adapter_of(connection.kind)
    private = adapter.probed(connection) if adapter else frozenset()
    if not written.url:
        return Proof(["The destination named no address of the page."], {})
    answer, trouble = _get(written.url, private, HTML)
    evidence: dict[str, Any] = {"url": written.url, "status": trouble.status if trouble else 200}
    if answer is None:
        return Proof([f"The page cannot be read: {trouble}"], evidence)
    evidence |= {"status": answer.status, "sha256": sha256(answer.body).hexdigest()}
    found = _of_page(answer, content, written)
    evidence["images"] = []
    later = None
    for url, wanted in _files(content, written).items():
        try:
            wrong, image_evidence = _image(url, wanted, private)
        except Temporary as error:
            wrong, image_evidence, later = "", {"status": 0}, later or error
        found += [wrong] if wrong else []
        evidence["images"].append({"url": url, **image_evidence})
    if later and not found:  # what is wrong already stays wrong, whatever the rest would answer
        raise later
    return Proof(found, evidence)


def _of_page(answer: ClientResponse, content: Mapping[str, Any], written: Written) -> list[str]:
    kind = answer.headers.get("content-type", "")
    if answer.status != 200 or "html" not in kind:  # noqa: PLR2004  # HTTP's own number
        return [
            f"The page answers {answer.status} with {kind or 'nothing'}, not a page of its own."
        ]
    exact = written.evidence.get("sha256")
    found = (
        ["The page is not, byte for byte, what was written."]
        if exact and sha256(answer.body).hexdigest() != exact
        else []
    )
    page = answer.body.decode(errors="replace")
    if _exact(written):
        # Its images are named relative to the page, so their bytes are looked at instead of their
        # addresses.
        return found + [
            each
            for each in differences(Shown(content["title"], content["body_html"]), page)
            if "asset:" not in each
        ]
    return found + differences(Shown(content["title"], _placed(content, written)), page)


def _exact(written: Written) -> bool:
    return bool(written.evidence.get("sha256"))


def _placed(content: Mapping[str, Any], written: Written) -> str:
    media = written.evidence.get("media") or {}
    body: str = content["body_html"]
    return placed(
        body,
        {
            sha: str(media[sha]["url"]) if sha in media else f"asset:{sha}"
            for sha in assets_in(body)
        },
    )


def _files(content: Mapping[str, Any], written: Written) -> dict[str, str]:
    """
    The address of every image of ours, with the sha256 it must have, where the destination keeps
    bytes as they are.
    """
    media = written.evidence.get("media") or {}
    files = {str(each["url"]): sha if _exact(written) else "" for sha, each in media.items()}
    named = [urljoin(written.url, image) for image in seen(_placed(content, written)).images]
    others = {
        url: "" for url in named if urlsplit(url).scheme in {"http", "https"} and url not in files
    }
    return dict(list((files | others).items())[:MOST_IMAGES])


def _image(url: str, wanted: str, private: frozenset[Origin]) -> tuple[str, dict[str, Any]]:
    """(what is wrong with it, what was seen)"""
    answer, trouble = _get(url, private, ANY, method="GET" if wanted else "HEAD")
    if answer is None:
        return f"The image {url} cannot be read: {trouble}", {
            "status": trouble.status if trouble else 0
        }
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
    An answer, or why there is none and asking again is no use.

    :raises Temporary: if asking again may help
    """
    try:
        origin = origin_of(url)
        parts = urlsplit(url)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        # A client for each origin: what may be private is the destination's own origin, nobody
        # else's.
        with SafeClient(
            f"{parts.scheme}://{parts.netloc}", private=private & {origin}, most_bytes=MOST_BYTES
        ) as client:
            return client.call(method, path or "/", headers=headers), None
    except Permanent as error:
        if method == "HEAD" and error.status in {405, 501}:
            return _get(url, private, headers)
        return None, error
    except ValueError as error:
        return None, Permanent(str(error))

"""The check of links: descriptive texts and valid addresses. Nothing is fetched."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from django.utils.translation import gettext_lazy as _

from delivery.checks.kinds.base import CheckKind, Finding, Param, ParamType, or_passed, quote, said
from delivery.checks.kinds.page import CheckedPage, PagePart

EMPTY_TEXTS = [
    "click here",
    "here",
    "more",
    "read more",
    "learn more",
    "this link",
    "link",
    "hier",
    "hier klicken",
    "mehr",
    "weiterlesen",
]
_TELEPHONE = re.compile(r"\+?[0-9().\-/ ]{3,40}(?:;[\w=\-]{1,40})?")
_LABEL = re.compile(r"[^\W_](?:[\w-]{0,61}[^\W_])?")


def link_form(page: CheckedPage, params: Mapping[str, Any]) -> list[Finding]:
    findings: list[Finding] = []
    for number, link in enumerate(page.links, 1):
        evidence = quote(f"{link.text[:60]} → {link.href}" if link.href else link.text)
        place = said(_("body, link {number}"), number=number)
        findings += [
            Finding(False, problem, evidence, place) for problem in _problems(link, params)
        ]
    return or_passed(findings, _("All links have descriptive text and valid addresses."))


def _problems(link: PagePart, params: Mapping[str, Any]) -> Iterator[Any]:
    # https://www.w3.org/WAI/WCAG22/Understanding/link-purpose-in-context requires a text, and
    # https://www.w3.org/WAI/WCAG22/Techniques/failures/F84 lists texts without a purpose.
    text = link.text.casefold().strip(" .…!»›>→")
    if not link.text:
        yield _("The link has no text. Describe where it leads.")
    elif text in {word.casefold() for word in params["empty_texts"]} or not text:
        yield _("The link text does not describe where it leads.")
    if not link.href or link.href == "#":
        yield _(
            "The link has no address, or one that is left out: it runs a script, or has a user "
            "name or password."
        )
        return
    yield from address_problems(
        link.href, allow_http=params["allow_http"], allow_relative=params["allow_relative"]
    )


def address_problems(href: str, *, allow_http: bool, allow_relative: bool) -> Iterator[Any]:
    """Return what is wrong with the address of a link, a sentence each. Nothing is fetched."""
    # urlsplit reads the port only when asked, and raises for one that is no number.
    try:
        url = urlsplit(href)
        port = url.port
    except ValueError:
        yield _("The link address is invalid.")
        return
    if url.scheme in ("http", "https"):
        yield from _web(url, port, allow_http=allow_http)
    elif url.scheme == "mailto":
        if not all(_is_mail(unquote(address)) for address in url.path.split(",")):
            yield _("The e-mail address in the link is invalid.")
    elif url.scheme == "tel":
        if not _TELEPHONE.fullmatch(unquote(url.path)):
            yield _("The phone number in the link is invalid.")
    elif url.scheme:
        yield _("The link must lead to a page, an e-mail address or a phone number.")
    else:
        yield from _without_scheme(href, allow_relative=allow_relative)


def _web(url: SplitResult, port: int | None, *, allow_http: bool) -> Iterator[Any]:
    # What http transfers can be read and changed on the way.
    if url.scheme == "http" and not allow_http:
        yield _("The address starts with http. Use https.")
    if (
        not _is_host(url.hostname or "")
        or port == 0
        or any(character.isspace() for character in url.geturl())
    ):
        yield _("The link address is invalid.")
    if url.username is not None:
        yield _("The link address contains a user name or password.")


def _without_scheme(href: str, *, allow_relative: bool) -> Iterator[Any]:
    if href.startswith("//"):
        yield _("The address has no scheme. Start it with https:")
    elif any(character.isspace() for character in href) or href.casefold().startswith("www."):
        yield _("The link address is invalid.")
    elif not href.startswith("#") and not allow_relative:
        yield _("The address is relative. Enter the full address.")


def _is_host(host: str) -> bool:
    labels = host.removesuffix(".").split(".")
    # RFC 1035. One label alone, such as "localhost", leads readers nowhere.
    if len(host) > 253 or len(labels) < 2:  # noqa: PLR2004
        return False
    return all(_LABEL.fullmatch(label) for label in labels)


def _is_mail(address: str) -> bool:
    name, at, domain = address.strip().rpartition("@")
    return bool(name and at and _is_host(domain)) and not any(
        character.isspace() or character in ",;<>@" for character in name
    )


KINDS = (
    CheckKind(
        "link_form",
        _("Links"),
        _("Links must have descriptive text and valid addresses. Nothing is fetched."),
        (
            Param("allow_http", _("Allow http"), ParamType.BOOLEAN, False),
            Param("allow_relative", _("Allow relative addresses"), ParamType.BOOLEAN, True),
            Param("empty_texts", _("Link texts to reject"), ParamType.TERMS, EMPTY_TEXTS),
        ),
        link_form,
        reads_body=True,
    ),
)

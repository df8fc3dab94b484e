"""Checks of wording: forbidden and required terms, lengths, and the slug."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from delivery.checks.kinds.base import (
    MOST_EVIDENCE,
    CheckKind,
    Finding,
    Param,
    ParamType,
    or_passed,
    quote,
    said,
)
from delivery.checks.kinds.page import CheckedPage
from delivery.checks.terms import around, find, words
from routing.kernel.slugs import is_slug

FIELDS = {
    "title": _("title"),
    "excerpt": _("excerpt"),
    "body": _("body"),
    "seo_title": _("SEO title"),
    "seo_description": _("SEO description"),
    "alt": _("alt text"),
}
TERMS = Param("terms", _("Terms"), ParamType.TERMS, [])


def forbidden_terms(page: CheckedPage, params: Mapping[str, Any]) -> list[Finding]:
    if not params["terms"]:
        return [Finding(True, _("No terms are set."))]
    findings = []
    for name, text in _texts(page):
        for term, start, end in find(params["terms"], words(text)):
            message = said(_("“{term}” must not be used."), term=quote(term))
            evidence = around(text, start, end, most=MOST_EVIDENCE)
            findings.append(Finding(False, message, evidence, FIELDS[name]))
    return or_passed(findings, _("No forbidden terms are used."))


def required_terms(page: CheckedPage, params: Mapping[str, Any]) -> list[Finding]:
    if not params["terms"]:
        return [Finding(True, _("No terms are set."))]
    wanted = params["field"]
    place: StrOrPromise = FIELDS[wanted] if wanted in FIELDS else _("everywhere")
    text = "\n".join(text for name, text in _texts(page) if wanted in (name, "any"))
    found = {term for term, _start, _end in find(params["terms"], words(text))}
    findings = (
        Finding(False, said(_("“{term}” is required but missing."), term=quote(term)), place=place)
        for term in dict.fromkeys(params["terms"])
        if term not in found
    )
    return or_passed(findings, _("All required terms are used."))


def text_length(page: CheckedPage, params: Mapping[str, Any]) -> list[Finding]:
    # As browsers show it: runs of spaces and line breaks count as one character.
    text = " ".join(dict(_texts(page))[params["field"]].split())
    length, evidence = len(text), quote(text)
    place: StrOrPromise = FIELDS[params["field"]]
    findings: list[Finding] = []
    if params["minimum"] and not length:
        findings.append(Finding(False, _("This is empty."), place=place))
    elif length < params["minimum"]:
        message = said(
            _("{found} characters; the minimum is {wanted}."),
            found=length,
            wanted=params["minimum"],
        )
        findings.append(Finding(False, message, evidence, place))
    if params["maximum"] and length > params["maximum"]:
        message = said(
            _("{found} characters; the maximum is {wanted}."),
            found=length,
            wanted=params["maximum"],
        )
        findings.append(Finding(False, message, evidence, place))
    return findings or [Finding(True, _("The length is within the limits."), place=place)]


def slug_form(page: CheckedPage, params: Mapping[str, Any]) -> list[Finding]:
    slug, findings = page.manifest.slug, []
    if not is_slug(slug):
        message: StrOrPromise = _("There is no slug.")
        if slug:
            message = _("Use lower-case letters a to z, digits and single hyphens.")
        findings.append(Finding(False, message, quote(slug), _("slug")))
    if params["maximum"] and len(slug) > params["maximum"]:
        message = said(
            _("{found} characters; the maximum is {wanted}."),
            found=len(slug),
            wanted=params["maximum"],
        )
        findings.append(Finding(False, message, quote(slug), _("slug")))
    return or_passed(findings, _("The slug is valid."))


def _texts(page: CheckedPage) -> Iterator[tuple[str, str]]:
    manifest = page.manifest
    yield from (("title", manifest.title), ("excerpt", manifest.excerpt), ("body", page.text))
    yield from (("seo_title", manifest.seo_title), ("seo_description", manifest.seo_description))
    shown = [image.alt or "" for image in page.images]
    # On lines of their own, so that no term is found across two alt texts.
    yield "alt", "\n".join([*shown, *(file.alt for file in manifest.files)])


KINDS = (
    CheckKind(
        "forbidden_terms",
        _("Forbidden terms"),
        _("Words and phrases that must not appear. Case and accents are ignored."),
        (TERMS,),
        forbidden_terms,
        reads_body=True,
    ),
    CheckKind(
        "required_terms",
        _("Required terms"),
        _("Words and phrases that must appear. Case and accents are ignored."),
        (TERMS, Param("field", _("Field"), ParamType.CHOICE, "any", choices=("any", *FIELDS))),
        required_terms,
        reads_body=True,
    ),
    CheckKind(
        "text_length",
        _("Text length"),
        _("Number of characters without tags. 0 means any."),
        (
            Param("field", _("Field"), ParamType.CHOICE, "title", choices=tuple(FIELDS)),
            Param("minimum", _("Minimum"), ParamType.INTEGER, 1),
            Param("maximum", _("Maximum"), ParamType.INTEGER, 0),
        ),
        text_length,
        reads_body=True,
    ),
    CheckKind(
        "slug_form",
        _("Slug"),
        _("The last part of the address, in a form that every system accepts."),
        (Param("maximum", _("Maximum characters"), ParamType.INTEGER, 80),),
        slug_form,
    ),
)

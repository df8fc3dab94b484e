"""
Addresses of launches by hand: which of them are fetched at all, and what a look at one shows.

The content of such a page is not ours to compare. It must answer whoever asks, as a page does.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from http import HTTPStatus
from ipaddress import ip_address
from typing import Any

from django.utils.translation import gettext as _

from delivery.deliverables.addresses import address_guard
from delivery.deliverables.launches import HandLaunch
from delivery.progress.operations.launching import launch_evidence
from integrations.base.origins import BadAddress, origin_of
from integrations.http.network import is_public
from integrations.proof.look import Proof, look_at_page
from routing.kernel.domains import canonical_domain

SEEN = "sha256"  # in the evidence of an outcome once the address has answered with a page


@address_guard
def address_fault(url: str) -> str:
    """Return why an address that a person entered is not fetched, or an empty string."""
    try:
        origin = origin_of(url)
    except BadAddress:
        return _(
            "Enter a full address without a user name, such as https://example.com/newsletter."
        )
    try:
        outside = is_public(ip_address(origin.host))
    except ValueError:
        outside = bool(canonical_domain(origin.host))
    if outside:
        return ""
    return _("Only people inside your network reach this address. Enter the public one.")


def was_seen(evidence: Mapping[str, Any]) -> bool:
    """Return whether a look has found a page at the address of this evidence."""
    return bool(evidence.get(SEEN))


def look_at_launch(row: HandLaunch) -> Proof:
    """
    Fetch the address of a launch as any visitor does. Called outside any transaction.

    :raises Temporary: if it gave no answer, which proves nothing either way
    """
    answer, trouble = look_at_page(row.address)
    evidence = launch_evidence(row) | {"url": row.address}
    if answer is None:
        status = evidence["status"] = trouble.status if trouble else 0
        if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
            words = _("The address leads on to another one. Record the one that the browser shows.")
        else:
            words = _("The address cannot be read: %(why)s") % {"why": trouble}
        return Proof([words], evidence)
    evidence |= {"status": answer.status, SEEN: sha256(answer.body).hexdigest()}
    return Proof([], evidence)

"""
FAULTS 49: however an address is spelled, nothing inside is called and no credential goes elsewhere.

Nothing here is sent. The resolver is the system's own for numbers, and ours for names.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpcore
import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from integrations.base.origins import BadAddress, check_api_address, origin_of
from integrations.http import network
from integrations.http.network import BlockedAddress, SafeTransport, is_public

INSIDE = [
    ipaddress.ip_network(net)
    for net in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
        *("172.16.0.0/12", "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4"),
    )
]
FULLWIDTH = str.maketrans("0123456789abcdefx.", "０１２３４５６７８９ａｂｃｄｅｆｘ。")


@st.composite
def inside(draw: st.DrawFn) -> ipaddress.IPv4Address:
    net = draw(st.sampled_from(INSIDE))
    return net[draw(st.integers(0, net.num_addresses - 1))]


def _decimal(address: ipaddress.IPv4Address) -> str:
    return str(int(address))


def _hexadecimal(address: ipaddress.IPv4Address) -> str:
    return hex(int(address))


def _octal(address: ipaddress.IPv4Address) -> str:
    return ".".join(f"0{part:o}" for part in address.packed)


def _mixed(address: ipaddress.IPv4Address) -> str:
    first, *_rest = address.packed
    return f"{first:#x}.{int(address) & 0xFFFFFF}"


def _fullwidth(address: ipaddress.IPv4Address) -> str:
    return str(address).translate(FULLWIDTH)


def _dotted(address: ipaddress.IPv4Address) -> str:
    return f"{address}."


def _mapped(address: ipaddress.IPv4Address) -> str:
    return f"[::ffff:{address}]"


def _mapped_in_hex(address: ipaddress.IPv4Address) -> str:
    return f"[::ffff:{int(address) >> 16:x}:{int(address) & 0xFFFF:x}]"


def _nat64(address: ipaddress.IPv4Address) -> str:
    return f"[64:ff9b::{address}]"


def _six_to_four(address: ipaddress.IPv4Address) -> str:
    return f"[2002:{int(address) >> 16:x}:{int(address) & 0xFFFF:x}::1]"


def _compatible(address: ipaddress.IPv4Address) -> str:
    return f"[::{address}]"


def _zoned(address: ipaddress.IPv4Address) -> str:
    return f"[fe80::{address}%25lo]"


SPELLINGS = [
    *(str, _decimal, _hexadecimal, _octal, _mixed, _fullwidth, _dotted),
    *(_mapped, _mapped_in_hex, _nat64, _six_to_four, _compatible, _zoned),
]


class Reached(Exception):
    """A connection was about to be opened to this address."""


@contextmanager
def nobody_is_called() -> Iterator[None]:
    def connect(_self: Any, host: str, *_more: Any) -> None:
        raise Reached(host)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(httpcore.SyncBackend, "connect_tcp", connect)
        yield


def call(url: str) -> None:
    with nobody_is_called(), httpx.Client(transport=SafeTransport()) as client:
        client.get(url)


@given(inside(), st.sampled_from(SPELLINGS), st.sampled_from(["http", "https"]))
@example(ipaddress.IPv4Address("169.254.169.254"), _fullwidth, "http")
@example(ipaddress.IPv4Address("127.0.0.1"), _nat64, "http")
def test_49_no_spelling_of_an_address_inside_is_called(
    address: ipaddress.IPv4Address, spell: Any, scheme: str
) -> None:
    with pytest.raises((BlockedAddress, httpx.InvalidURL, httpx.ConnectError)):
        call(f"{scheme}://{spell(address)}/latest/meta-data/")


@given(inside(), st.sampled_from([_decimal, _hexadecimal, _octal, _mixed, _dotted, _fullwidth]))
def test_49_an_address_that_programs_read_differently_is_not_stored(
    address: ipaddress.IPv4Address, spell: Any
) -> None:
    text = spell(address)
    try:
        found = origin_of(f"https://{text}/")
    except BadAddress:
        return
    assert found.host == str(address)  # what a person reads is what is called


@given(st.ip_addresses(v=4))
def test_49_an_address_in_another_one_is_judged_like_the_one_inside(
    address: ipaddress.IPv4Address,
) -> None:
    inner = is_public(address)
    for wrapped in (f"::ffff:{address}", f"64:ff9b::{address}"):
        assert is_public(ipaddress.ip_address(wrapped)) == inner
    assert not is_public(ipaddress.ip_address(f"::{address}"))


@given(st.lists(st.ip_addresses(v=4) | st.ip_addresses(v=6), min_size=1, max_size=4))
def test_49_one_address_inside_is_enough_to_refuse_a_name(found: list[Any]) -> None:
    def look_up(_host: str, port: int, **_options: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (str(each), port)) for each in found]

    right = Reached if all(map(is_public, found)) else BlockedAddress
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(network.socket, "getaddrinfo", look_up)
        with pytest.raises(right):
            call("https://rebinding.example/")


PIECES = st.sampled_from(
    [
        *("http://", "https://", "HTTPS://", "//", "ftp://", "http:/\\", "https:", "javascript:"),
        *("good.example", "evil.example", "127.0.0.1", "[::1]", "[::1%25eth0]", "localhost"),
        *("@", ":", ":80", ":0", ":99999", ":٨٠", "/", "\\", "?", "#", "%", "%00", "%2e", ".."),
        *(".", "。", "．", "ß", "İ", "xn--a", "xn--", "-", "_", "user", "\t", "\n", "\0", " "),
        *("\u200b", "\u202e", "\ud800", "\uff0f", "\uff20", "0x7f.1", "1e3"),
    ]
)
ADDRESSES = st.lists(PIECES, max_size=7).map("".join) | st.text(max_size=60)


@given(ADDRESSES)
@example("https://good.example@evil.example/")
@example("https://good.example\\@evil.example/")
@example("https://evil.example#good.example")
@example("https://good.example\uff20evil.example/")
def test_49_what_is_checked_is_what_is_called(text: str) -> None:
    """A URL that two programs read differently would send a credential to the second origin."""
    try:
        checked = origin_of(text)
    except BadAddress:
        return
    try:
        called = httpx.URL(text)
    except httpx.InvalidURL:
        return
    port = called.port or {"http": 80, "https": 443}[called.scheme]
    assert (called.scheme, called.raw_host.decode().lower(), port) == checked


@given(ADDRESSES)
def test_49_what_credentials_are_sent_to_is_https_and_nothing_but_an_origin_and_a_path(
    text: str,
) -> None:
    try:
        check_api_address(text, inside=False)
    except BadAddress:
        return
    try:
        called = httpx.URL(text)
    except httpx.InvalidURL:
        return
    assert (called.scheme, called.userinfo, called.query, called.fragment) == (
        "https",
        b"",
        b"",
        "",
    )

"""A look at a public page: as anybody, at nothing that is not public but the destination itself."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from integrations.base.adapter import Temporary, Written
from integrations.models import Connection
from integrations.proof.look import Proof, probe
from tests.integrations.publishing.writers import loose_connection

CONTENT = {"title": "Bread", "body_html": f'<p>All about bread</p><img src="asset:{"ab" * 32}">'}
PAGE = '<html><title>Bread</title><body><p>All about bread</p><img src="{image}"></body></html>'


@pytest.fixture
def server() -> Iterator[HTTPServer]:
    with HTTPServer("127.0.0.1") as made:
        yield made


@pytest.fixture
def inside() -> Iterator[HTTPServer]:
    """Another system on this machine, which nobody may reach by publishing something."""
    with HTTPServer("127.0.0.1") as made:
        made.expect_request("/secret").respond_with_data("inside", content_type="text/html")
        yield made


@pytest.fixture
def cms(server: HTTPServer) -> Connection:
    return loose_connection("wordpress", f"http://127.0.0.1:{server.port}", "robin:secret")


def look(cms: Connection, url: str, image: str) -> Proof:
    return probe(cms, CONTENT, Written("1", url, {"media": {"ab" * 32: {"id": 2, "url": image}}}))


def test_page_and_images_are_fetched_without_credentials(server: HTTPServer, cms: Connection):
    image = server.url_for("/a.png")
    server.expect_request("/bread/").respond_with_data(
        PAGE.format(image=image), content_type="text/html"
    )
    server.expect_request("/a.png").respond_with_data(b"png", content_type="image/png")

    proof = look(cms, server.url_for("/bread/"), image)

    assert proof.holds
    assert proof.evidence["sha256"] == sha256(PAGE.format(image=image).encode()).hexdigest()
    assert proof.evidence["images"] == [{"url": image, "status": 200}]
    assert [request.headers.get("Authorization") for request, _ in server.log] == [None, None]


def test_nothing_inside_is_asked_for_a_page_or_an_image(
    server: HTTPServer, inside: HTTPServer, cms: Connection
):
    secret = inside.url_for("/secret")
    server.expect_request("/bread/").respond_with_data(
        PAGE.format(image=secret), content_type="text/html"
    )
    server.expect_request("/away/").respond_with_data("", status=302, headers={"Location": secret})

    by_image, by_page = look(cms, server.url_for("/bread/"), secret), look(cms, secret, secret)
    by_redirect = look(cms, server.url_for("/away/"), secret)

    assert [len(proof.differences) for proof in (by_image, by_page, by_redirect)] == [1, 1, 1]
    assert inside.log == []


@pytest.mark.parametrize(
    "url", ["", "ftp://example.com/x", "http://u:p@127.0.0.1/", "javascript:alert(1)", "http://["]
)
def test_an_address_that_is_none_is_a_difference(cms: Connection, url: str):
    assert not look(cms, url, url).holds


@pytest.mark.parametrize(
    ("status", "said"), [(404, "404"), (410, "410"), (403, "403"), (401, "401")]
)
def test_a_page_that_is_not_there_is_a_difference(
    server: HTTPServer, cms: Connection, status: int, said: str
):
    server.expect_request("/bread/").respond_with_data("no", status=status)

    proof = look(cms, server.url_for("/bread/"), "https://x.example/a.png")

    assert said in proof.differences[0]
    assert proof.evidence["status"] == status


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_page_that_cannot_be_asked_for_just_now_proves_nothing_either_way(
    server: HTTPServer, cms: Connection, status: int
):
    server.expect_request("/bread/").respond_with_data(
        "later", status=status, headers={"Retry-After": "30"}
    )

    with pytest.raises(Temporary) as raised:
        look(cms, server.url_for("/bread/"), "")

    assert raised.value.after_s == 30


def test_a_missing_image_is_named_and_one_that_refuses_head_is_fetched(
    server: HTTPServer, cms: Connection
):
    def only_get(request: Request) -> Response:
        return Response(status=200 if request.method == "GET" else 405)

    here, gone = server.url_for("/here.png"), server.url_for("/gone.png")
    server.expect_request("/here.png").respond_with_handler(only_get)
    server.expect_request("/gone.png").respond_with_data("", status=404)
    for name, image in (("/one/", here), ("/two/", gone)):
        server.expect_request(name).respond_with_data(
            PAGE.format(image=image), content_type="text/html"
        )

    assert look(cms, server.url_for("/one/"), here).holds
    [said] = look(cms, server.url_for("/two/"), gone).differences
    assert gone in said


def test_a_site_that_is_not_to_be_listed_at_all_is_said_so_in_its_connection(
    server: HTTPServer, cms: Connection
):
    image = server.url_for("/a.png")
    server.expect_request("/bread/").respond_with_data(
        PAGE.format(image=image), content_type="text/html", headers={"X-Robots-Tag": "noindex"}
    )
    server.expect_request("/a.png").respond_with_data(b"png", content_type="image/png")

    told = look(cms, server.url_for("/bread/"), image).differences
    cms.settings = {"unlisted": True}

    assert "noindex" in " ".join(told)
    assert look(cms, server.url_for("/bread/"), image).holds


def test_a_download_is_no_page(server: HTTPServer, cms: Connection):
    server.expect_request("/bread/").respond_with_data("All about bread", content_type="text/plain")

    assert (
        "not a page of its own"
        in look(cms, server.url_for("/bread/"), "https://x.example/a.png").differences[0]
    )

import io
import json
import logging

import pytest
import structlog

from config.observe import logs


@pytest.fixture
def written(settings):
    out = io.StringIO()
    lines = logs.config(level="INFO", console=False)
    lines["handlers"]["stderr"]["stream"] = out
    logs.configure(lines)
    yield lambda: [json.loads(line) for line in out.getvalue().splitlines()]
    logs.configure(settings.LOGGING)


def test_a_line_is_json_with_the_requests_id(written):
    with structlog.contextvars.bound_contextvars(request_id="abc"):
        structlog.get_logger("routing").info("approved", ref="ACM-142")

    [line] = written()
    assert (line["event"], line["ref"], line["request_id"], line["level"]) == (
        "approved",
        "ACM-142",
        "abc",
        "info",
    )


def test_the_standard_library_writes_the_same_form(written):
    logging.getLogger("routing").warning("late by %d minutes", 5, extra={"ref": "ACM-142"})

    [line] = written()
    assert (line["event"], line["ref"]) == ("late by 5 minutes", "ACM-142")


def test_an_exception_is_one_line(written):
    try:
        int("no")
    except ValueError:
        structlog.get_logger("routing").exception("failed")

    [line] = written()
    assert "ValueError: invalid literal" in line["exception"]


def test_secrets_bodies_and_query_strings_are_not_written(written):
    structlog.get_logger("routing").info(
        "request_finished",
        request="POST /hooks/crm/?token=s3cret",
        password="s3cret",
        headers={"Authorization": "Bearer s3cret", "X-HubSpot-Signature-v3": "s3cret"},
        body=b"s3cret",
        url="postgresql://app:s3cret@db/throughline",
    )

    [line] = written()
    assert line["request"] == "POST /hooks/crm/"
    assert "s3cret" not in json.dumps(line)

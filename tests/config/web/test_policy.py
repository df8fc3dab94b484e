import pytest


@pytest.mark.django_db
def test_pages_outside_the_admin_run_no_script_and_no_style_but_ours(client):
    policy = client.get("/accounts/login/").headers["Content-Security-Policy"]

    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy


@pytest.mark.django_db
def test_the_admin_may_evaluate_but_run_nothing_inline(admin_client):
    policy = admin_client.get("/admin/").headers["Content-Security-Policy"].split("; ")

    assert "script-src 'self' 'unsafe-eval'" in policy
    assert "default-src 'self'" in policy


@pytest.mark.django_db
def test_the_other_headers_are_there(client):
    headers = client.get("/accounts/login/").headers

    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"

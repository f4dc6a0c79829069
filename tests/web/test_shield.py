"""What never reaches a route: foreign hosts and origins, too large, too often; and the headers of every answer."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellwarden.web.rate_limit import RateLimit
from cellwarden.web.settings import WebSettings
from tests.web.small_site import SmallSite, small_site

pytestmark = pytest.mark.enable_socket
ACKNOWLEDGE = "/api/v1/findings/none/acknowledgements"


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"content-type": "text/plain"},
        {"content-type": "application/x-www-form-urlencoded"},
        {},
    ],
)
def test_what_another_sites_page_can_send_is_refused(site: SmallSite, headers: dict[str, str]) -> None:
    client = site.operator()
    sent = {"content-type": "application/json"} | headers
    answer = client.post(ACKNOWLEDGE, content='{"note": ""}', headers=sent)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "foreign_origin")


@pytest.mark.parametrize("headers", [{"origin": "http://localhost"}, {"sec-fetch-site": "same-origin"}])
def test_our_own_page_is_let_through(site: SmallSite, headers: dict[str, str]) -> None:
    assert site.operator().post(ACKNOWLEDGE, json={"note": ""}, headers=headers).status_code == 404


def test_a_name_that_is_not_ours_is_refused(site: SmallSite) -> None:
    answer = site.client().get("/api/v1/packs", headers={"host": "evil.example"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "unknown_host")


def test_a_body_that_is_too_large_is_refused_with_and_without_a_stated_length(site: SmallSite) -> None:
    large = b'{"note": "' + b"x" * 70_000 + b'"}'
    client = site.operator()
    headers = {"sec-fetch-site": "same-origin", "content-type": "application/json"}
    assert client.post(ACKNOWLEDGE, content=large, headers=headers).status_code == 413

    def pieces() -> object:
        for begin in range(0, len(large), 8192):
            yield large[begin : begin + 8192]

    assert client.post(ACKNOWLEDGE, content=pieces(), headers=headers).status_code in {400, 413}  # type: ignore[arg-type]  # an iterator


def test_too_many_requests_are_slowed_down(site: SmallSite) -> None:
    limited = small_site(site.folder, settings=replace(WebSettings(), requests_per_second=0.001, burst_requests=3))
    client = limited.client()
    assert [client.get("/health").status_code for _ in range(5)] == [200, 200, 200, 429, 429]


def test_opening_the_page_again_and_again_is_not_too_often(site: SmallSite) -> None:
    limited = small_site(site.folder, settings=replace(WebSettings(), requests_per_second=0.001, burst_requests=3))
    client = limited.client()
    answers = [client.get("/static/app.js") for _ in range(9)]
    assert {answer.status_code for answer in answers} == {200}
    known = client.get("/static/app.js", headers={"if-none-match": answers[0].headers["etag"]})
    assert (known.status_code, known.content) == (304, b"")
    assert client.get("/static/chart.js", headers={"if-none-match": answers[0].headers["etag"]}).status_code == 200


def test_passwords_cannot_be_tried_quickly(site: SmallSite) -> None:
    site.parts.accounts.set_password("ada", "a long enough password")
    client = site.client()
    tries = [client.post("/api/v1/session", json={"name": "ada", "password": "wrong"}).status_code for _ in range(7)]
    assert tries == [401] * 5 + [429] * 2


@pytest.mark.parametrize("address", ["/", "/api/v1/packs", "/nothing/here", "/static/app.js"])
def test_every_answer_forbids_scripts_from_elsewhere_and_frames(site: SmallSite, address: str) -> None:
    headers = site.client().get(address).headers
    policy = headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app_factory.py",
        "/static/%2e%2e/app_factory.py",
        "/static/..%2fapp_factory.py",
        "/static/vendor/..%2f..%2faccounts.py",
        "/static/types.d.ts",
        "/static//etc/passwd",
        "/static/vendor/libraries.json%00.js",
    ],
)
def test_nothing_outside_the_pages_files_is_served(site: SmallSite, path: str) -> None:
    assert site.client().get(path).status_code in {404, 422}


@given(st.lists(st.floats(0.0, 5.0), max_size=60))
def test_a_bucket_lets_through_no_more_than_burst_and_rate(pauses: list[float]) -> None:
    now = [0.0]
    limit = RateLimit(2.0, 3, lambda: now[0])
    passed = 0
    for pause in pauses:
        now[0] += pause
        passed += limit.allows("client")
    assert passed <= 3 + 2.0 * now[0] + 1e-9

"""Every route for every role: who may, may; everybody else is refused, and nothing happens."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

from cellwarden.web.app_factory import create_app
from cellwarden.web.guard import Asking
from cellwarden.web.role import Role
from tests.web.small_site import BEGIN, NOW, PACK, SmallSite

pytestmark = pytest.mark.enable_socket
SPAN = f"from_unix_time_second={BEGIN}&until_unix_time_second={NOW}"
# one good request for every route that there is; a route without one here fails the test below
REQUESTS: dict[tuple[str, str], tuple[str, Role]] = {
    ("GET", "/"): ("/", Role.ANYONE),
    ("GET", "/static/{name}"): ("/static/app.js", Role.ANYONE),
    ("GET", "/static/{folder}/{name}"): ("/static/vendor/preact.js", Role.ANYONE),
    ("GET", "/health"): ("/health", Role.ANYONE),
    ("GET", "/ready"): ("/ready", Role.ANYONE),
    ("GET", "/metrics"): ("/metrics", Role.READER),
    ("GET", "/api/v1/openapi.json"): ("/api/v1/openapi.json", Role.READER),
    ("GET", "/api/v1/site"): ("/api/v1/site", Role.ANYONE),
    ("GET", "/api/v1/packs"): ("/api/v1/packs", Role.READER),
    ("GET", "/api/v1/packs/{pack:path}"): (f"/api/v1/packs/{PACK}", Role.READER),
    ("GET", "/api/v1/packs/{pack:path}/series"): (
        f"/api/v1/packs/{PACK}/series?{SPAN}&columns=current_ampere",
        Role.READER,
    ),
    ("GET", "/api/v1/packs/{pack:path}/cells/{cell}/history"): (
        f"/api/v1/packs/{PACK}/cells/3/history?{SPAN}&quantity=capacity_ah",
        Role.READER,
    ),
    ("GET", "/api/v1/packs/{pack:path}/decisions"): (f"/api/v1/packs/{PACK}/decisions?{SPAN}", Role.READER),
    ("GET", "/api/v1/packs/{pack:path}/telemetry"): (f"/api/v1/packs/{PACK}/telemetry", Role.READER),
    ("GET", "/api/v1/packs/{pack:path}/passport"): (f"/api/v1/packs/{PACK}/passport", Role.READER),
    ("GET", "/api/v1/packs/{pack:path}/export"): (f"/api/v1/packs/{PACK}/export?{SPAN}", Role.READER),
    ("GET", "/api/v1/findings"): ("/api/v1/findings", Role.READER),
    ("POST", "/api/v1/findings/{key:path}/acknowledgements"): ("/api/v1/findings/none/acknowledgements", Role.OPERATOR),
    ("POST", "/api/v1/session"): ("/api/v1/session", Role.ANYONE),
    ("DELETE", "/api/v1/session"): ("/api/v1/session", Role.READER),
    ("GET", "/api/v1/live"): ("/api/v1/live", Role.READER),
}
ENDLESS = {"/api/v1/live"}


def routes(site: SmallSite) -> list[APIRoute]:
    """Every route of the application; one of another kind than ours fails here."""
    found: list[Any] = list(create_app(site.parts).routes)
    for held in found:
        found.extend(getattr(getattr(held, "original_router", None), "routes", ()))
    plain = [route for route in found if not hasattr(route, "original_router")]
    assert plain
    assert all(isinstance(route, APIRoute) for route in plain)
    return plain


def test_every_route_declares_a_role_and_has_a_request_here(site: SmallSite) -> None:
    declared = {
        (method, route.path): Role((route.openapi_extra or {})["x-role"])
        for route in routes(site)
        for method in route.methods or ()
    }
    assert declared == {place: role for place, (_, role) in REQUESTS.items()}


def test_a_route_without_a_role_is_closed(site: SmallSite) -> None:
    app = create_app(site.parts)

    def forgotten(_asking: Asking) -> str:
        return "open"

    app.add_api_route("/forgotten", forgotten, methods=["GET"])
    assert TestClient(app, base_url="http://localhost").get("/forgotten").status_code == 403


def asked(client: TestClient, method: str, address: str) -> int:
    body: dict[str, str] | None = {"note": "seen"} if "acknowledgements" in address else None
    if method == "POST" and address.endswith("/session"):
        body = {"name": "nobody", "password": "wrong password"}
    return int(client.request(method, address, json=body, headers={"sec-fetch-site": "same-origin"}).status_code)


@pytest.mark.parametrize("role", list(Role))
def test_every_route_for_every_role(site: SmallSite, role: Role) -> None:
    operator = site.operator()
    clients = {Role.ANYONE: site.client(), Role.READER: site.token(), Role.OPERATOR: operator}
    for (method, path), (address, needed) in REQUESTS.items():
        if address in ENDLESS and role.covers(needed):
            continue
        status = asked(clients[role], method, address)
        refused = status in {401, 403}
        is_sign_in = (method, path) == ("POST", "/api/v1/session")
        assert refused is (not role.covers(needed) or is_sign_in), (method, path, role, status)
        if (method, path) == ("DELETE", "/api/v1/session") and role is Role.OPERATOR:
            clients[role] = site.operator()


def test_without_an_operator_everybody_on_this_machine_may_read_and_nobody_may_act(site: SmallSite) -> None:
    client = site.client()
    assert client.get("/api/v1/packs").status_code == 200
    assert client.post("/api/v1/findings/x/acknowledgements", json={"note": ""}).status_code == 401


def test_unknown_tokens_and_ended_sessions_are_refused(site: SmallSite) -> None:
    client = site.operator()
    client.delete("/api/v1/session", headers={"sec-fetch-site": "same-origin"})
    assert client.get("/api/v1/packs").status_code == 401
    stranger = site.client()
    stranger.headers["authorization"] = "Bearer cw_guessed"
    assert stranger.get("/api/v1/packs").status_code == 401

"""The interface against its own description: whatever the description allows, no answer is a server error."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.core.result import Ok

from cellwarden.web.app_factory import create_app
from tests.web.small_site import fill, small_site

pytestmark = pytest.mark.enable_socket
ENDLESS = "/api/v1/live"
HEADERS = {"host": "localhost", "sec-fetch-site": "same-origin"}


def test_no_server_error_for_anything_that_the_description_allows(tmp_path: Path) -> None:
    fill(tmp_path)
    app = create_app(small_site(tmp_path).parts)
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", app, headers=HEADERS).exclude(path=ENDLESS)
    operations = [result.ok() for result in schema.get_all_operations() if isinstance(result, Ok)]
    assert len(operations) >= 14
    for operation in operations:

        @settings(max_examples=12, suppress_health_check=list(HealthCheck), database=None)
        @given(case=operation.as_strategy())
        def tried(case: Any) -> None:
            answer = case.call(headers=HEADERS)
            is_stated_refusal = answer.status_code == 503 and bool(answer.json()["error"]["code"])
            assert answer.status_code < 500 or is_stated_refusal, f"{case.method} {case.formatted_path}"

        tried()

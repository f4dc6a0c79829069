"""docs/api.md from the interface's own OpenAPI description.

``python -m scripts.make_api_page`` writes it; a test says when it is stale.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from cellwarden.app.web_command import web_parts
from cellwarden.web.app_factory import create_app
from cellwarden.web.settings import WebSettings

__all__ = ["PAGE", "api_page", "description"]

PAGE = Path(__file__).resolve().parents[1] / "docs" / "api.md"
_METHODS = ("get", "post", "put", "patch", "delete")
_HEAD = """\
# The interface

Everything that the page shows comes from here; any program may ask the same. Made from the interface's own description
(OpenAPI 3.1, at `/api/v1/openapi.json`) by `python -m scripts.make_api_page`.

```sh
cellwarden account token DATA grafana          # a read-only token, shown once
curl -H "Authorization: Bearer $TOKEN" http://localhost:8480/api/v1/packs
```

* **Who may what.** Each address names a role. *anyone*: the page itself and signing in. *reader*: all data; a token, an
  operator, and, until the first operator account exists, every program on this machine. *operator*: acknowledging; a
  person who has signed in with name and password. An address without a role is closed.
* **Units** are in the names, as in `cells.json`; times are Unix time in seconds, UTC. Positive current charges. What is
  not known is null.
* **Errors** have one form: `{"error": {"code": …, "message": …, "where": …}}`. `code` is for programs and stays,
  `message` is a sentence for people, `where` names the parameter. 400 unknown host, 401 sign in, 403 not
  allowed or another site's page, 404 not there, 413 too large, 422 not understood, 429 too often (wait as
  `Retry-After` says), 503 not now.
* **Lists** come in pages: `limit` and `offset`, with `total` beside `items`.
* **Versions.** What is under `/api/v1` gains fields and addresses; none is renamed or taken away.
"""


def description() -> dict[str, Any]:
    """The OpenAPI description of the interface, of a site without packs."""
    with TemporaryDirectory(prefix="cellwarden-api-") as folder:
        parts = web_parts(Path(folder), WebSettings(), site_name="site")
        found: dict[str, Any] = create_app(parts).openapi()
        parts.accounts.close()
    return found


def api_page(document: Mapping[str, Any]) -> str:
    """The page in Markdown."""
    operations = sorted(_operations(document), key=lambda item: (item[2].get("tags", ["site"])[0], item[0], item[1]))
    lines = [_HEAD]
    tag = ""
    for path, method, operation in operations:
        if (new := operation.get("tags", ["site"])[0]) != tag:
            tag = new
            lines.append(f"## {tag.capitalize()}\n")
        lines += _section(path, method, operation)
    lines += ["## Forms\n", *_forms(document)]
    return "\n".join(lines).rstrip("\n") + "\n"


def _operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for path, methods in document["paths"].items():
        for method in _METHODS:
            if method in methods:
                yield path.replace(":path}", "}"), method.upper(), methods[method]


def _section(path: str, method: str, operation: Mapping[str, Any]) -> Iterator[str]:
    yield f"### {method} `{path}`\n"
    yield f"{_line(operation.get('description', operation['summary']))} Role: {operation['x-role']}.\n"
    parameters = operation.get("parameters", [])
    if parameters:
        yield "| parameter | where | form | what |"
        yield "|---|---|---|---|"
        for item in parameters:
            told = _line(item.get("description", ""))
            given = item["schema"].get("default")
            need = "" if item.get("required") else " (optional)" if given is None else f" (`{given}`)"
            yield f"| `{item['name']}` | {item['in']}{need} | {_form(item['schema'])} | {told} |"
        yield ""
    if (body := operation.get("requestBody")) is not None:
        yield f"Body: {_content(body['content'])}.\n"
    for status, answer in operation["responses"].items():
        if status.startswith("2"):
            yield f"Answer {status}: {_content(answer.get('content', {}))}.\n"


def _content(content: Mapping[str, Any]) -> str:
    if not content:
        return "no JSON"
    return " or ".join(
        _form(item["schema"]) if kind == "application/json" and item.get("schema") else f"`{kind}`"
        for kind, item in content.items()
    )


def _forms(document: Mapping[str, Any]) -> Iterator[str]:
    for name, schema in sorted(document["components"]["schemas"].items()):
        yield f"### {name}\n"
        if "description" in schema:
            yield f"{_line(schema['description'])}\n"
        if "enum" in schema:
            yield " · ".join(f"`{value}`" for value in schema["enum"]) + "\n"
        fields = schema.get("properties", {})
        if fields:
            yield "| field | form |"
            yield "|---|---|"
            yield from (f"| `{field}` | {_form(form)} |" for field, form in fields.items())
            yield ""


def _form(schema: Mapping[str, Any]) -> str:
    """A type in a few words; forms of our own as links."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(_form(item) for item in schema["anyOf"])
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    kind = schema.get("type", "anything")
    if kind == "array":
        return f"list of {_form(schema.get('items', {}))}"
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"mapping to {_form(schema['additionalProperties'])}"
    bounds = [
        f"{word} {schema[key]}"
        for key, word in (("minimum", "≥"), ("exclusiveMinimum", ">"), ("maximum", "≤"), ("exclusiveMaximum", "<"))
        if key in schema
    ]
    return " ".join([str(kind), *bounds])


def _line(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


if __name__ == "__main__":
    PAGE.write_text(api_page(description()), encoding="utf-8")
    print(f"{PAGE.name}: {len(PAGE.read_text(encoding='utf-8').splitlines())} lines")

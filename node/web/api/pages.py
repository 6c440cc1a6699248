"""What the API says of itself: the OpenAPI document, and the same as a page that needs no script and loads nothing from elsewhere."""

import json
from functools import cache
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from node.texts.catalogue import Lang
from node.web.api import document as d
from node.web.templating import language_of, page

router = APIRouter()


@router.get("/openapi.json")
def openapi(request: Request) -> Response:
    """The OpenAPI 3.1 document, in the language that is asked for."""
    return Response(_whole(language_of(request)), media_type="application/json", headers={"Vary": "Accept-Language, Cookie"})


@router.get("/docs")
def docs(request: Request) -> Response:
    """The document as a page."""
    lang = language_of(request)
    return page(request, "api_docs.html", document=d.document(lang), groups=_groups(lang), components=_components(lang))


@cache
def _whole(lang: Lang) -> bytes:
    return json.dumps(d.document(lang), ensure_ascii=False).encode()


@cache
def _groups(lang: Lang) -> list[tuple[str, str, list[dict[str, Any]]]]:
    """The calls by tag: its name, what it is called, and each call with the fields of its body."""
    tags = {tag["name"]: tag["description"] for tag in d.document(lang)["tags"]}
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in tags}
    for method, path, operation in d.operations(lang):
        bodies: dict[str, Any] = operation.get("requestBody", {}).get("content", {})
        schema: dict[str, Any] = next((one["schema"] for one in bodies.values()), {})
        required = set(schema.get("required", ()))
        fields = [
            {"name": name, "type": _type(one), "is_required": name in required, "about": one.get("description", "")}
            for name, one in schema.get("properties", {}).items()
        ]
        # An address repeats itself by "{id}" only: method and path name one call.
        found[operation["tags"][0]].append({"method": method, "path": path, "operation": operation, "fields": fields})
    return [(name, tags[name], calls) for name, calls in found.items() if calls]


@cache
def _components(lang: Lang) -> list[tuple[str, str]]:
    return [(name, json.dumps(one, ensure_ascii=False, indent=2)) for name, one in d.document(lang)["components"]["schemas"].items()]


def _type(schema: dict[str, Any]) -> str:
    """The type of a field in a word: "string (date)", "array of string"."""
    if schema["type"] == "array":
        return f"array of {schema['items']['type']}"
    return f"{schema['type']} ({schema['format']})" if "format" in schema else str(schema["type"])

"""The OpenAPI 3.1 document: made from the command classes and the queries themselves, so it names every call and no other."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from node.services import uploads
from node.services.command_fields import verb_of
from node.texts.catalogue import COLON, Lang, text, word
from node.web.api import answers as a
from node.web.api import files, shape
from node.web.api.commands import SEEN
from node.web.api.query import WORDS, Parameter, Query, parameter_schema
from node.web.api.query_list import all_queries
from node.web.api.shape import Endpoint, body_schema, endpoints

PREFIX = "/api/v1"
Json = dict[str, Any]
# What any call may be refused with, and what only a query or a command is.
_ANY = (401, 403, 404, 422, 429, 503)
_OF_A_COMMAND = (409, 412)


@cache
def document(lang: Lang) -> Json:
    """The whole document in *lang*."""
    paths: dict[str, Json] = {}
    for query in sorted(all_queries(), key=lambda one: one.path):
        paths.setdefault(PREFIX + query.path, {})["get"] = _of_query(query, lang)
    for endpoint in endpoints().values():
        paths.setdefault(PREFIX + endpoint.path, {})["post"] = _of_command(endpoint, lang)
    paths[PREFIX + files.PLACE] = {"post": _handing_in(lang)}
    paths[PREFIX + files.ONE] = {"get": _giving_out(lang)}
    return {
        "openapi": "3.1.0",
        "info": {"title": _say("title", lang), "version": "1", "description": _say("about", lang)},
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "tags": [{"name": name, "description": _collection(name, lang)} for name in (*shape.COLLECTIONS, "queries")],
        "paths": paths,
        "components": {
            "schemas": dict(a.COMPONENTS),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "description": _say("token", lang)}},
            "responses": {str(status): _refused(status, lang) for status in (*_ANY, *_OF_A_COMMAND, 413)},
        },
    }


def _of_query(query: Query, lang: Lang) -> Json:
    tag = query.path.split("/")[1]
    answered: Json = {"description": _query(query, lang), "content": {"application/json": {"schema": dict(query.answers)}}}
    parameters, held = [_parameter(one, lang) for one in query.parameters], dict[str, Json]()
    if query.has_state or query.has_mark:
        answered["headers"] = {"ETag": {"schema": a.WORD, "description": _say("etag" if query.has_state else "mark", lang)}}
        parameters.append({"name": "If-None-Match", "in": "header", "schema": a.WORD, "description": _say("held", lang)})
        held = {"304": {"description": _say("status.304", lang)}}
    called = (
        _query(query, lang) if query.key not in ("dossier", "dossiers") else f"{_collection(tag, lang)}{COLON[lang]}{_query(query, lang)}"
    )
    return {
        "operationId": f"get-{query.path.strip('/').replace('/', '-').replace('{', '').replace('}', '')}",
        "tags": [tag if tag in shape.COLLECTIONS else "queries"],
        "summary": called,
        "x-scope": query.scope,
        "parameters": parameters,
        "responses": {"200": answered, **held, **_refusals(_ANY)},
    }


def _of_command(endpoint: Endpoint, lang: Lang) -> Json:
    kind = endpoint.command
    schema = body_schema(kind, lang)
    done: Json = {
        "description": _say("done", lang),
        "content": {"application/json": {"schema": a.ref("Outcome")}},
        "headers": {"ETag": {"schema": a.WORD, "description": _say("etag", lang)}},
    }
    made = done | {"headers": done["headers"] | {"Location": {"schema": a.WORD, "description": _say("location", lang)}}}
    parameters: list[Json] = [
        {"name": "Idempotency-Key", "in": "header", "schema": {"type": "string", "format": "uuid"}, "description": _say("key", lang)},
    ]
    if endpoint.takes_id:
        id_ = {"name": "id", "in": "path", "required": True, "schema": _WORD_IN_PATH, "description": _say("parameter.id", lang)}
        seen = {"type": "string", "pattern": f"^{SEEN}$"}
        parameters = [id_, *parameters, {"name": "If-Match", "in": "header", "schema": seen, "description": _say("seen", lang)}]
    return {
        "operationId": verb_of(kind),
        "tags": [endpoint.collection],
        "summary": word("command", kind.__name__, lang),
        "description": _help(endpoint, lang),
        "x-scope": verb_of(kind),
        "parameters": parameters,
        "requestBody": {"required": bool(schema["required"]), "content": {"application/json": {"schema": schema}}},
        "responses": {"200": done, **({"201": made} if kind.starts else {}), **_refusals((*_ANY, *_OF_A_COMMAND))},
    }


def _handing_in(lang: Lang) -> Json:
    file = {"type": "string", "format": "binary", "description": _say("file", lang)}
    form = {"type": "object", "required": ["file"], "properties": {"file": file}}
    return {
        "operationId": "attach",
        "tags": ["tickets"],
        "summary": _say("query.attach", lang),
        "description": _say("attach", lang).format(types=", ".join(uploads.ACCEPTED), bytes_max=uploads.upload_bytes_max),
        "x-scope": ", ".join(files.SCOPES_IN),
        "parameters": [_parameter(one, lang) for one in (files.ID, files.NAME)],
        "requestBody": {
            "required": True,
            "content": {"multipart/form-data": {"schema": form}, "application/octet-stream": {"schema": file}},
        },
        "responses": {
            "201": {"description": _say("kept", lang), "content": {"application/json": {"schema": dict(files.ANSWER)}}},
            **_refusals((*_ANY, 409, 413)),
        },
    }


def _giving_out(lang: Lang) -> Json:
    bytes_ = {"schema": {"type": "string", "format": "binary"}}
    types = (*uploads.ACCEPTED.values(), "application/octet-stream")
    return {
        "operationId": "get-tickets-id-attachments-digest",
        "tags": ["tickets"],
        "summary": _say("query.attachment", lang),
        "x-scope": files.SCOPE,
        "parameters": [_parameter(one, lang) for one in (files.ID, files.DIGEST)],
        "responses": {
            "200": {"description": _say("query.attachment", lang), "content": dict.fromkeys(types, bytes_)},
            **_refusals((*_ANY, 409)),
        },
    }


def _help(endpoint: Endpoint, lang: Lang) -> str:
    """In English what the class says, too, as on the command line."""
    if lang != "en":
        return word("command", endpoint.command.__name__, lang)
    return " ".join((endpoint.command.__doc__ or "").strip().partition("\n\n")[0].split()).replace("``", "")


_WORD_IN_PATH: Mapping[str, Any] = {"type": "string", "minLength": 1, "maxLength": shape.code_characters_max}


def _parameter(one: Parameter, lang: Lang) -> Json:
    is_in_path = one.place == "path"
    schema = parameter_schema(one)
    found: Json = {
        "name": one.name,
        "in": one.place,
        "required": is_in_path or one.is_required,
        "schema": schema,
        "description": _say(f"parameter.{one.name}", lang),
    }
    if one.kind == WORDS:
        found |= {"style": "form", "explode": True}
    return found


def _refusals(statuses: tuple[int, ...]) -> Json:
    return {str(status): {"$ref": f"#/components/responses/{status}"} for status in statuses}


def _refused(status: int, lang: Lang) -> Json:
    found: Json = {
        "description": _say(f"status.{status}", lang),
        "content": {"application/problem+json": {"schema": a.ref("Problem")}},
    }
    if status == 401:
        found["headers"] = {"WWW-Authenticate": {"schema": a.WORD}}
    return found


def operations(lang: Lang) -> Iterator[tuple[str, str, Json]]:
    """Every call: method in capitals, path, operation; by the order of the document."""
    for path, methods in document(lang)["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def _collection(name: str, lang: Lang) -> str:
    kind = shape.COLLECTIONS.get(name)
    return _say("queries", lang) if kind is None else word("subject_kind", kind, lang)


def _query(query: Query, lang: Lang) -> str:
    return _say(f"query.{query.key}", lang)


def _say(key: str, lang: Lang) -> str:
    return text(f"web.api.{key}", lang)

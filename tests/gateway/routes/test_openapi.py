"""The OpenAPI document: valid, complete, and true of what is really answered."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from importlib import resources
from typing import Any

import jsonschema
import pytest
from openapi_spec_validator import validate

from gateway.base.options import Options
from keys.base.errors import StorageUnavailable
from tests.gateway.fakes import GOOD, READER, STRANGER, Got, Harness, call, verified

DOCUMENT: dict[str, Any] = json.loads(
    resources.files("gateway").joinpath("openapi.json").read_text(encoding="utf-8")
)
METHODS = {"get", "head", "post", "put", "patch", "delete", "options", "trace"}
VERIFY = "/v1/keys:verify"
JSON = [("content-type", "application/json")]
BIG = ("x-filler", "a" * 40_000)


def _down() -> Any:
    raise StorageUnavailable("down")


def _resolve(node: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in node:
        target: Any = DOCUMENT
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        node = target
    return node


def _operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in DOCUMENT["paths"].items():
        for method in METHODS & item.keys():
            yield method, path, item[method]


def _often(ask: Callable[[Harness], Got]) -> Got:
    """The second reply to a key that is limited to one request a day."""
    harness = Harness()
    harness.verifier.answers[GOOD] = verified(rate_limit="1/day")
    ask(harness)
    return ask(harness)


def _authz_cases(method: str, path: str) -> list[tuple[str, str, Got]]:
    harness, down = Harness(), Harness()
    down.verifier.answers[GOOD] = _down
    stated = ("x-original-method", "POST")
    key = ("x-api-key", GOOD)
    how = {"method": method, "path": path}
    often = _often(lambda harness: harness.authz(key, stated, **how))
    asked = [
        harness.authz(key, stated, **how),
        harness.authz(key, stated, ("x-api-key", GOOD), **how),
        harness.authz(("x-api-key", STRANGER), stated, **how),
        harness.authz(("x-api-key", READER), stated, **how),
        harness.authz(key, BIG, **how),
        down.authz(key, stated, **how),
        *([] if path.endswith("recheck") else [often]),
    ]
    return [(method.lower(), path, got) for got in asked]


def _verify_cases() -> list[tuple[str, str, Got]]:
    harness, down = Harness(options=Options(read_timeout=10)), Harness()
    down.verifier.answers[GOOD] = _down
    bodies = [{"token": GOOD}, {"token": STRANGER}, {"token": READER, "scope": "write"}, {}]
    asked = [harness.ask(body) for body in bodies]
    asked += [
        harness.ask(b" " * 10_000),
        harness.ask({"token": GOOD}, "text/plain"),
        call(harness.app, "POST", VERIFY, [*JSON, BIG], body=b"{}"),
        down.ask({"token": GOOD}),
        _often(lambda harness: harness.ask({"token": GOOD})),
    ]
    return [("post", VERIFY, got) for got in asked]


def _operation_cases() -> list[tuple[str, str, Got]]:
    harness, down = Harness(), Harness(ready=_down)
    cases = []
    for method in ("get", "head"):
        for path in ("/healthz", "/readyz", "/metrics", "/openapi.json"):
            cases.append((method, path, call(harness.app, method.upper(), path)))
        cases.append((method, "/readyz", call(down.app, method.upper(), "/readyz")))
    return cases


@pytest.fixture(scope="module")
def cases() -> list[tuple[str, str, Got]]:
    """One real answer for each documented case."""
    authz = [
        case
        for method, path, _ in _operations()
        if path.startswith("/authz")
        for case in _authz_cases(method.upper(), path)
    ]
    return authz + _verify_cases() + _operation_cases()


def test_it_is_valid() -> None:
    validate(DOCUMENT)


def test_it_is_served() -> None:
    got = call(Harness().app, "GET", "/openapi.json")
    assert got.json == DOCUMENT
    assert got["content-type"] == "application/json"


def test_it_has_every_path_and_method() -> None:
    app = Harness().app
    assert set(DOCUMENT["paths"]) == set(app.paths)
    for path in app.paths:
        for method in METHODS - {"trace"}:
            refused = call(app, method.upper(), path).status == 405
            assert refused == (method not in DOCUMENT["paths"][path]), (method, path)


def test_operation_ids_are_unique() -> None:
    ids = [operation["operationId"] for _, _, operation in _operations()]
    assert len(ids) == len(set(ids))


def test_every_documented_answer_was_really_given(cases: list[tuple[str, str, Got]]) -> None:
    documented = {
        (method, path, int(status))
        for method, path, operation in _operations()
        for status in operation["responses"]
        # A body that takes ten seconds to arrive has a test of its own.
        if status != "408"
    }
    assert {(method, path, got.status) for method, path, got in cases} == documented


def test_every_answer_is_as_documented(cases: list[tuple[str, str, Got]]) -> None:
    for method, path, got in cases:
        response = _resolve(DOCUMENT["paths"][path][method]["responses"][str(got.status)])
        _check_headers(response, got)
        if "text/plain" in response.get("content", {}):
            assert got["content-type"].startswith("text/plain")
        elif "content" in response:
            schema = response["content"]["application/json"]["schema"]
            jsonschema.Draft202012Validator(
                {**schema, "components": DOCUMENT["components"]}
            ).validate(got.json)
        else:
            assert got.body == b""


def _check_headers(response: dict[str, Any], got: Got) -> None:
    documented = {name.lower(): _resolve(header) for name, header in response["headers"].items()}
    for name, header in documented.items():
        value = got[name]
        if header["schema"]["type"] == "integer":
            assert re.fullmatch(r"\d+", value)
        else:
            jsonschema.validate(value, header["schema"])
    beyond = {name for name, _ in got.headers} - documented.keys()
    assert beyond <= {"content-type", "content-length"}


def test_the_security_schemes_work() -> None:
    schemes = DOCUMENT["components"]["securitySchemes"]
    harness = Harness()
    assert schemes["bearer"]["scheme"] == "bearer"
    assert harness.bearer(GOOD).status == 204
    assert harness.authz((schemes["apiKey"]["name"].lower(), GOOD)).status == 204

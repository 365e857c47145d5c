"""`/authz`: which requests are accepted, what the API behind learns, and what a guesser learns."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.base.options import Options
from gateway.routes import forward_auth
from keys.credentials.verification import Reason, Refused
from tests.gateway.fakes import (
    GOOD,
    NOON,
    READER,
    REVOKED,
    STRANGER,
    WRITER,
    Harness,
    call,
    lines,
    verified,
)


@pytest.mark.parametrize(
    ("presented", "original", "query", "status"),
    [
        (READER, "GET", "", 204),
        (READER, "HEAD", "", 204),
        (READER, "OPTIONS", "", 204),
        (READER, "POST", "", 403),
        (READER, "DELETE", "", 403),
        (READER, "PROPFIND", "", 403),
        (READER, "get", "", 403),
        (READER, "", "", 403),
        (WRITER, "POST", "", 204),
        (WRITER, "PATCH", "", 204),
        (WRITER, "GET", "", 403),
        (GOOD, "GET", "", 204),
        (GOOD, "POST", "", 204),
        (READER, None, "scope=read", 204),
        (READER, None, "scope=write", 403),
        (WRITER, None, "scope=write", 204),
        (READER, None, "scope=read+write", 403),
        (READER, None, "scope=read%20write", 403),
        (GOOD, None, "scope=read&scope=write", 204),
        (READER, None, "scope=read&scope=write", 403),
        (READER, "GET", "scope=write", 403),
        # A caller whose query is handed on must not talk itself out of needing "write".
        (READER, "POST", "scope=read", 403),
        (READER, "GET", "page=2", 204),
    ],
)
def test_scopes(
    harness: Harness, presented: str, original: str | None, query: str, status: int
) -> None:
    assert harness.bearer(presented, original, query=query).status == status


def test_a_proxy_that_states_nothing_gets_the_strictest_answer(harness: Harness) -> None:
    assert harness.bearer(READER, None).status == 403
    assert harness.bearer(WRITER, None, method="POST").status == 403
    assert harness.bearer(GOOD, None).status == 204


@pytest.mark.parametrize("name", ["x-original-method", "x-forwarded-method"])
def test_either_method_header_counts(harness: Harness, name: str) -> None:
    assert harness.authz(("x-api-key", READER), (name, "GET")).status == 204
    assert harness.authz(("x-api-key", READER), (name, "POST")).status == 403


@pytest.mark.parametrize(
    "stated",
    [
        [("x-forwarded-method", "POST"), ("x-original-method", "GET")],
        [("x-original-method", "POST"), ("x-forwarded-method", "GET")],
        [("x-original-method", "GET"), ("x-original-method", "POST")],
    ],
)
def test_a_method_that_the_caller_adds_changes_nothing(
    harness: Harness, stated: list[tuple[str, str]]
) -> None:
    assert harness.authz(("x-api-key", READER), *stated).status == 403


@pytest.mark.parametrize("query", ["scope=", "scope=admin", "scope=read,write", "scope=%ff"])
def test_an_unknown_scope_is_the_proxys_mistake(harness: Harness, query: str) -> None:
    got = harness.bearer(GOOD, query=query)
    assert got.status == 400
    assert '"read" and "write"' in got.json["message"]


def test_the_identity_headers(harness: Harness) -> None:
    harness.verifier.answers[GOOD] = verified("Büro, 100 % “neu”\u202e", owner="U ñ")
    got = harness.bearer(GOOD)
    assert got.headers == [
        ("cache-control", "no-store"),
        ("x-apikey-id", "key_1"),
        ("x-apikey-name", "B%C3%BCro%2C%20100%20%25%20%E2%80%9Cneu%E2%80%9D%E2%80%AE"),
        ("x-apikey-owner", "U%20%C3%B1"),
        ("x-apikey-scopes", "read write"),
        ("x-apikey-account", "T1"),
    ]
    assert got.body == b""


def test_an_absent_owner_is_an_empty_header_that_overwrites_the_callers(
    harness: Harness,
) -> None:
    harness.verifier.answers[GOOD] = verified(owner=None)
    assert harness.bearer(GOOD)["x-apikey-owner"] == ""


@pytest.mark.parametrize(
    "headers",
    [
        [("authorization", f"bearer {GOOD}")],
        [("authorization", f"BEARER  {GOOD} ")],
        [("x-api-key", GOOD)],
        [("x-api-key", GOOD), ("authorization", f"Bearer {GOOD}")],
        [("x-api-key", ""), ("authorization", f"Bearer {GOOD}")],
        [("x-api-key", GOOD), ("authorization", "")],
        [("x-api-key", GOOD), ("authorization", "Basic dTpw")],
    ],
)
def test_places_for_a_token(harness: Harness, headers: list[tuple[str, str]]) -> None:
    assert harness.authz(*headers).status == 204
    assert harness.verifier.asked == [GOOD]


REFUSED: list[tuple[str, list[tuple[str, str | bytes]]]] = [
    ("missing", []),
    ("missing", [("authorization", "")]),
    ("missing", [("authorization", "Bearer")]),
    ("missing", [("authorization", "Bearer ")]),
    ("missing", [("x-api-key", " ")]),
    ("other_scheme", [("authorization", "Basic dTpw")]),
    ("other_scheme", [("authorization", GOOD)]),
    ("other_scheme", [("authorization", f"Bearer\t{GOOD}")]),
    ("doubled_scheme", [("authorization", f"Bearer Bearer {GOOD}")]),
    ("doubled_scheme", [("x-api-key", f"Bearer {GOOD}")]),
    ("two_different", [("x-api-key", GOOD), ("authorization", f"Bearer {READER}")]),
    ("two_different", [("x-api-key", GOOD), ("authorization", f"Bearer Bearer {GOOD}")]),
    ("two_different", [("x-api-key", b"\xff"), ("authorization", f"Bearer {GOOD}")]),
    ("not_text", [("authorization", b"Bearer \xff\xfe")]),
    ("surrounded", [("authorization", f'Bearer "{GOOD}"')]),
    ("surrounded", [("x-api-key", f"'{GOOD}'")]),
    ("malformed", [("authorization", "Bearer ключ")]),
    ("malformed", [("authorization", f"Bearer {GOOD} {GOOD}")]),
    ("malformed", [("authorization", "Bearer " + "a" * 20_000)]),
    ("checksum", [("authorization", f"Bearer {GOOD[:-6]}000000")]),
    ("unknown", [("authorization", f"Bearer {STRANGER}")]),
    ("revoked", [("authorization", f"Bearer {REVOKED}")]),
]


@pytest.mark.parametrize(("reason", "headers"), REFUSED)
def test_everything_wrong_is_one_answer_outside_and_a_reason_inside(
    harness: Harness,
    caplog: pytest.LogCaptureFixture,
    reason: str,
    headers: list[tuple[str, str | bytes]],
) -> None:
    got = harness.authz(*headers)
    message = "This needs a valid API key, sent as 'Authorization: Bearer …' or 'X-API-Key: …'."
    assert got.status == 401
    assert got.json == {"code": "invalid", "message": message}
    assert got.headers == [
        ("cache-control", "no-store"),
        ("content-type", "application/json"),
        ("www-authenticate", "Bearer"),
        ("x-apikey-problem", got.body.decode("latin-1")),
        ("content-length", str(len(got.body))),
    ]
    (line,) = lines(caplog.records)
    assert line["event"] == "refused"
    assert line["reason"] == reason
    assert line["remedy"]
    assert line["key_id"] == ("key_4" if reason == "revoked" else None)
    assert line["source"] == "192.0.2.7"
    assert line["at"] == NOON.isoformat()
    assert harness.usage_recorder.recorded == []


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_of_the_domain_has_a_remedy(
    harness: Harness, caplog: pytest.LogCaptureFixture, reason: Reason
) -> None:
    harness.verifier.answers[GOOD] = Refused(reason, "key_9")
    assert harness.bearer(GOOD).body == harness.bearer(STRANGER).body
    first = lines(caplog.records)[0]
    assert first["reason"] == str(reason)
    assert first["remedy"] != "See the reason."


@pytest.mark.parametrize("name", ["authorization", "x-api-key"])
def test_a_header_twice_is_a_mistake_even_if_both_agree(harness: Harness, name: str) -> None:
    value = f"Bearer {GOOD}" if name == "authorization" else GOOD
    got = harness.authz((name, value), (name, value))
    assert got.status == 400
    assert got.json["code"] == "repeated_header"
    assert harness.verifier.asked == []


def test_a_missing_scope_is_named_to_the_caller_and_in_the_log(
    harness: Harness, caplog: pytest.LogCaptureFixture
) -> None:
    got = harness.bearer(READER, "POST")
    assert got["www-authenticate"] == 'Bearer error="insufficient_scope", scope="write"'
    assert got.json["code"] == "insufficient_scope"
    assert got["cache-control"] == "no-store"
    (line,) = lines(caplog.records)
    assert line["reason"] == "insufficient_scope"
    assert line["key_id"] == "key_2"
    assert line["needs"] == ["write"]
    assert harness.usage_recorder.recorded == []


def test_a_use_is_noted(harness: Harness) -> None:
    harness.bearer(READER)
    assert harness.usage_recorder.recorded == [("sec_2", NOON, "192.0.0.0/16")]


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "PROPFIND"])
def test_the_proxys_own_method_means_nothing(harness: Harness, method: str) -> None:
    assert harness.bearer(READER, "GET", method=method).status == 204
    assert harness.bearer(READER, "POST", method=method).status == 403


def test_a_key_that_is_used_too_often_waits(harness: Harness) -> None:
    harness.verifier.answers[GOOD] = verified(rate_limit="2/day")
    assert [harness.bearer(GOOD).status for _ in range(3)] == [204, 204, 429]
    got = harness.bearer(GOOD)
    assert got.json["code"] == "rate_limited"
    assert 1 <= int(got["retry-after"]) <= 86_400
    assert len(harness.usage_recorder.recorded) == 2
    assert harness.bearer(READER).status == 204


def test_what_is_refused_anyway_uses_up_no_rate(harness: Harness) -> None:
    harness.verifier.answers[GOOD] = verified("Reader", "read", rate_limit="1/day")
    assert [harness.bearer(GOOD, "POST").status for _ in range(3)] == [403, 403, 403]
    assert harness.bearer(GOOD).status == 204


def test_a_key_held_to_networks_looks_unknown_from_elsewhere(
    harness: Harness, caplog: pytest.LogCaptureFixture
) -> None:
    harness.verifier.answers[GOOD] = verified(networks=("10.0.0.0/8",))
    refused, unknown = harness.bearer(GOOD), harness.bearer(STRANGER)
    assert (refused.status, refused.headers, refused.body) == (
        unknown.status,
        unknown.headers,
        unknown.body,
    )
    assert lines(caplog.records)[0]["reason"] == "network"
    harness.verifier.answers[GOOD] = verified(networks=("10.0.0.0/8", "192.0.2.0/24"))
    assert harness.bearer(GOOD).status == 204


def test_what_is_counted(harness: Harness) -> None:
    harness.bearer(GOOD)
    harness.bearer(STRANGER)
    harness.bearer(READER, "POST")
    metrics = call(harness.app, "GET", "/metrics").body.decode()
    for outcome in ("allowed", "unknown", "insufficient_scope"):
        assert f'apikeys_gateway_verifications_total{{outcome="{outcome}"}} 1.0' in metrics
    assert "apikeys_gateway_verification_seconds_count 3.0" in metrics


@given(st.text())
def test_names_are_quoted_like_the_library_does(name: str) -> None:
    assert forward_auth.quote(name) == quote(name, safe="").encode()


PREFLIGHT = (
    ("x-original-method", "OPTIONS"),
    ("origin", "https://dashboard.example"),
    ("access-control-request-method", "DELETE"),
)


def preflights() -> Harness:
    return Harness(options=Options(cors_preflight=True), remembering=True)


def outcomes(harness: Harness, outcome: str) -> float:
    page = call(harness.app, "GET", "/metrics").body.decode()
    line = f'apikeys_gateway_verifications_total{{outcome="{outcome}"}} '
    return sum(float(each.removeprefix(line)) for each in page.splitlines() if line in each)


@pytest.mark.parametrize("path", ["/authz", "/authz/200"])
def test_a_preflight_is_accepted_without_a_key_if_the_setting_says_so(path: str) -> None:
    harness = preflights()
    got = harness.authz(*PREFLIGHT, path=path)
    assert got.status == (204 if path == "/authz" else 200)
    identity = {name: value for name, value in got.headers if name.startswith("x-apikey-")}
    assert list(identity.values()) == [""] * 5
    assert outcomes(harness, "preflight") == 1
    assert harness.usage_recorder.recorded == []
    assert Harness().authz(*PREFLIGHT, path=path).status == 401


@pytest.mark.parametrize(
    "headers",
    [
        PREFLIGHT[1:],
        PREFLIGHT[:2],
        (PREFLIGHT[0], PREFLIGHT[2]),
        (("x-original-method", "GET"), *PREFLIGHT[1:]),
        (("x-original-method", "options"), *PREFLIGHT[1:]),
        (*PREFLIGHT, ("x-forwarded-method", "DELETE")),
        (PREFLIGHT[0], ("origin", ""), PREFLIGHT[2]),
        (*PREFLIGHT[:2], ("access-control-request-method", "")),
        (*PREFLIGHT[:2], ("access-control-request-method", " ")),
        (*PREFLIGHT[:2], ("access-control-request-method", "DELETE, GET")),
        (PREFLIGHT[0], ("origin", "https://a.example, https://b.example"), PREFLIGHT[2]),
        # Sent twice, even if it says the same.
        (*PREFLIGHT, PREFLIGHT[1]),
        (*PREFLIGHT, PREFLIGHT[2]),
        (*PREFLIGHT, ("origin", "")),
        (*PREFLIGHT, ("access-control-request-method", "GET")),
        (*PREFLIGHT, ("authorization", f"Bearer {STRANGER}")),
        (*PREFLIGHT, ("x-api-key", "")),
    ],
)
def test_nothing_else_passes_for_a_preflight(headers: tuple[tuple[str, str], ...]) -> None:
    harness = preflights()
    assert harness.authz(*headers, method="OPTIONS").status == 401
    assert outcomes(harness, "preflight") == 0


def test_a_good_key_in_something_like_a_preflight_is_checked_like_any_other() -> None:
    harness = preflights()
    assert harness.bearer(GOOD, "OPTIONS", path="/authz")["x-apikey-id"] == "key_1"
    got = harness.authz(*PREFLIGHT, ("x-api-key", GOOD))
    assert got["x-apikey-id"] == "key_1"

"""What is deployed is hardened: each service of the compose file, and the systemd unit."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
UNIT = (DEPLOY / "apikeys@.service").read_text(encoding="utf-8").splitlines()
# The official images start as root, and need these to become another user.
MAY_ADD = {"database", "nginx"}


@pytest.mark.parametrize("name", SERVICES)
def test_each_service_is_hardened(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["restart"] == "always"
    assert {"privileged", "pid", "ipc", "devices"}.isdisjoint(service)
    assert ("cap_add" in service) == (name in MAY_ADD)
    assert set(service.get("cap_add", ())) <= {
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "SETGID",
        "SETUID",
    }
    assert set(service["logging"]["options"]) == {"max-size", "max-file"}


def test_ports_are_published_on_loopback_alone() -> None:
    published = [port for service in SERVICES.values() for port in service.get("ports", ())]
    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_bot_and_gateway_are_two_services() -> None:
    commands = {name: service.get("command") for name, service in SERVICES.items()}
    assert commands["gateway"] == ["run", "--only", "gateway"]
    assert commands["bot"] == ["run", "--only", "slack"]


@pytest.mark.parametrize(
    "line",
    [
        "NoNewPrivileges=yes", "PrivateDevices=yes", "PrivateTmp=yes", "PrivateUsers=yes",
        "ProtectClock=yes", "ProtectControlGroups=yes", "ProtectHome=yes", "ProtectHostname=yes",
        "ProtectKernelLogs=yes", "ProtectKernelModules=yes", "ProtectKernelTunables=yes",
        "ProtectProc=invisible", "ProtectSystem=strict", "RestrictNamespaces=yes",
        "RestrictRealtime=yes", "RestrictSUIDSGID=yes", "LockPersonality=yes",
        "CapabilityBoundingSet=", "AmbientCapabilities=", "SystemCallArchitectures=native",
        "SystemCallFilter=@system-service", "SystemCallFilter=~@privileged", "UMask=0077",
        "User=apikeys",
    ],
)  # fmt: skip
def test_the_unit_is_hardened(line: str) -> None:
    assert line in UNIT


def test_the_image_has_what_it_copies_and_no_practice_slack() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", dockerfile, re.MULTILINE)
    sources = {source.rstrip("/") for line in copied for source in line.split()}
    assert sources >= {"bot", "gateway", "keys", "storage", "apikeys.py"}
    assert "sandbox" not in sources
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert ignored[0] == "*"
    # What is not named after an exclamation mark does not reach the build.
    assert {f"!{source}" for source in sources} <= set(ignored)
    assert all((ROOT / source).exists() for source in sources)
    assert "\nUSER apikeys\n" in dockerfile


@pytest.mark.parametrize("lock", sorted((ROOT / "lock").iterdir()), ids=lambda lock: lock.name)
def test_each_dependency_is_one_version_with_its_hashes(lock: Path) -> None:
    text = re.sub(r"^\s*#.*\n?", "", lock.read_text(encoding="utf-8"), flags=re.MULTILINE)
    pins = [pin for pin in text.replace("\\\n", " ").splitlines() if pin.strip()]
    assert len(pins) >= 1
    pinned = re.compile(
        r"[a-z0-9._-]+(\[[a-z,]+\])?==\S+( ; .+?)?(\s+--hash=sha256:[0-9a-f]{64})+\s*"
    )
    assert [pin for pin in pins if not pinned.fullmatch(pin)] == []


@pytest.mark.parametrize("file", ["Dockerfile", "scripts/environment"])
def test_nothing_is_installed_that_is_not_pinned(file: str) -> None:
    """Each installation is of a lock file with hashes, or of the project alone."""
    text = (ROOT / file).read_text(encoding="utf-8")
    options = re.search(r'^install="(.+)"$', text, re.MULTILINE)
    text = text.replace("$install", options[1] if options else "")
    installed = re.findall(r"pip install (.+?)(?: \\)?$", text, re.MULTILINE)
    assert len(installed) == 2
    for words in map(str.split, installed):
        assert "--no-deps" in words
        assert {"--require-hashes", "--no-build-isolation"} & set(words)
    assert sum("--require-hashes" in line for line in installed) == 1
    assert [line for line in installed if "--editable ." in line] == installed[1:]

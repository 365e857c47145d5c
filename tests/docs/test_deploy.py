"""What is deployed is hardened: each service of the compose file, and the systemd unit."""

from __future__ import annotations

import ipaddress
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
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
    assert service["pids_limit"] <= 512
    # With a network_mode of "service:…", a restart of that service leaves this one without any.
    assert {"privileged", "pid", "ipc", "devices", "network_mode"}.isdisjoint(service)
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
        "MemoryDenyWriteExecute=yes", "NoNewPrivileges=yes", "PrivateDevices=yes",
        "PrivateTmp=yes", "PrivateUsers=yes",
        "ProtectClock=yes", "ProtectControlGroups=yes", "ProtectHome=yes", "ProtectHostname=yes",
        "ProtectKernelLogs=yes", "ProtectKernelModules=yes", "ProtectKernelTunables=yes",
        "ProtectProc=invisible", "ProtectSystem=strict", "RestrictNamespaces=yes",
        "RestrictRealtime=yes", "RestrictSUIDSGID=yes", "LockPersonality=yes",
        "CapabilityBoundingSet=", "AmbientCapabilities=", "SystemCallArchitectures=native",
        "SystemCallFilter=@system-service", "SystemCallFilter=~@privileged", "UMask=0077",
        "User=apikeys", "StateDirectoryMode=0700",
    ],
)  # fmt: skip
def test_the_unit_is_hardened(line: str) -> None:
    assert line in UNIT


def test_nginx_asks_the_gateway_at_its_address_and_is_trusted_alone() -> None:
    gateway, nginx = (
        SERVICES[name]["networks"]["proxied"]["ipv4_address"] for name in ("gateway", "nginx")
    )
    (network,) = COMPOSE["networks"]["proxied"]["ipam"]["config"]
    fixed = {ipaddress.ip_address(each) for each in (network["gateway"], gateway, nginx)}
    assert len(fixed) == 3
    assert fixed < set(ipaddress.ip_network(network["subnet"]).hosts())
    # Docker gives these to containers that have no address of their own.
    assert fixed.isdisjoint(ipaddress.ip_network(network["ip_range"]))
    assert SERVICES["gateway"]["environment"]["APIKEYS_TRUSTED_PROXIES"] == nginx

    command = SERVICES["nginx"]["command"][2]
    (program,) = re.findall(r"^sed '(.+)' /etc/nginx/nginx\.conf > /tmp/nginx\.conf", command)
    shipped = (ROOT / "docs" / "proxies" / "nginx.conf").read_text(encoding="utf-8")
    done = subprocess.run(
        ["sed", program], input=shipped, capture_output=True, text=True, check=True
    )
    assert f"server {gateway}:8321 max_fails=0;" in done.stdout
    assert "127.0.0.1:8321" not in done.stdout


def test_nginx_may_open_as_many_files_as_its_configuration_asks_for() -> None:
    shipped = (ROOT / "docs" / "proxies" / "nginx.conf").read_text(encoding="utf-8")
    (wanted,) = re.findall(r"^worker_rlimit_nofile (\d+);", shipped, re.MULTILINE)
    assert SERVICES["nginx"]["ulimits"]["nofile"] >= int(wanted)


def test_what_a_program_has_seen_of_the_audit_log_outlives_its_container() -> None:
    for name in ("gateway", "bot"):
        assert SERVICES[name]["volumes"] == [f"{name}:/var/lib/apikeys"]
        assert name in COMPOSE["volumes"]


def test_each_image_can_be_named_by_its_digest_and_none_names_a_registry() -> None:
    places = dict(re.findall(r"\$\{(\w+_IMAGE):-([^}]+)\}", str(COMPOSE)))
    assert set(places) == {"PYTHON_IMAGE", "POSTGRES_IMAGE", "NGINX_IMAGE"}
    for name, service in SERVICES.items():
        if "build" in service:
            assert set(service["build"]["args"]) == {"PYTHON_IMAGE"}
        else:
            assert re.fullmatch(r"\$\{\w+_IMAGE:-\S+\}", service["image"]), name
    for image in places.values():
        assert re.fullmatch(r"[a-z]+:[\w.-]+(@sha256:[0-9a-f]{64})?", image)
    example = (DEPLOY / "compose.env.example").read_text(encoding="utf-8").splitlines()
    assert {f"#{name}=" for name in places} <= set(example)
    # The image is built from that argument alone; a "syntax" line would fetch another by its tag.
    assert f"ARG PYTHON_IMAGE={places['PYTHON_IMAGE']}\n" in DOCKERFILE
    assert set(re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)) == {"${PYTHON_IMAGE}"}
    assert "syntax=" not in DOCKERFILE


def test_the_image_has_what_it_copies_and_no_practice_slack() -> None:
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
    sources = {source for line in copied for source in line.split()}
    assert {"cli", "bot", "gateway", "lock/serve.txt"} < sources
    assert sources.isdisjoint({"sandbox", "tests", "."})
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert ignored[0] == "*"
    # What is not named after an exclamation mark does not reach the build.
    assert {line[1:] for line in ignored if line.startswith("!")} == sources
    assert all((ROOT / source).exists() for source in sources)
    # Before the command: whatever starts, starts as this user.
    assert DOCKERFILE.rindex("\nUSER apikeys\n") < DOCKERFILE.index("\nENTRYPOINT ")


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

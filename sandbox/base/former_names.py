"""The former import paths and names of the practice Slack; they go in the next version.

Each works as before, with one `DeprecationWarning` that has the present name.
"""

import sys
import warnings
from collections.abc import Callable
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from types import ModuleType
from typing import Any

MODULES = {
    "sandbox.clock": "sandbox.base.clock",
    "sandbox.commanding": "sandbox.users.messages",
    "sandbox.delivering": "sandbox.delivery.dispatcher",
    "sandbox.distribution": "sandbox.oauth",
    "sandbox.errors": "sandbox.base.errors",
    "sandbox.events": "sandbox.delivery.subscriptions",
    "sandbox.faults": "sandbox.delivery.faults",
    "sandbox.files": "sandbox.state.files",
    "sandbox.filling_in": "sandbox.users.field_values",
    "sandbox.hands": "sandbox.users.actions",
    "sandbox.http_delivery": "sandbox.delivery.signed_http",
    "sandbox.ids": "sandbox.base.ids",
    "sandbox.install": "sandbox.state.installation",
    "sandbox.keeping": "sandbox.state.persistence",
    "sandbox.manifest": "sandbox.state.manifest",
    "sandbox.modals": "sandbox.state.view_stack",
    "sandbox.model": "sandbox.state.models",
    "sandbox.payloads": "sandbox.delivery.payloads",
    "sandbox.people": "sandbox.users.user",
    "sandbox.population": "sandbox.directory",
    "sandbox.practice": "sandbox.sandbox",
    "sandbox.pressing": "sandbox.users.block_actions",
    "sandbox.responding": "sandbox.delivery.response_urls",
    "sandbox.schedule": "sandbox.delivery.scheduler",
    "sandbox.serving": "sandbox.server.threaded_server",
    "sandbox.socket_mode": "sandbox.delivery.socket_mode",
    "sandbox.stalling": "sandbox.delivery.stalled_socket",
    "sandbox.telling": "sandbox.delivery.event_queue",
    "sandbox.traffic": "sandbox.state.traffic",
    "sandbox.triggers": "sandbox.state.trigger_ids",
    "sandbox.values": "sandbox.state.input_values",
    "sandbox.wiring": "sandbox.delivery.runtime",
    "sandbox.workspace": "sandbox.state.workspace",
}

# Names that changed, or that are not where the rest of their module is. `sandbox.server`
# and `sandbox.state` were modules and are packages now.
NAMES = {
    "sandbox.delivering.Courier": "sandbox.delivery.dispatcher.Dispatcher",
    "sandbox.events.Events": "sandbox.delivery.subscriptions.EventSubscriptions",
    "sandbox.hands.Hands": "sandbox.users.actions.UserActions",
    "sandbox.install.Install": "sandbox.state.installation.Installation",
    "sandbox.keeping.Keeper": "sandbox.state.persistence.Persister",
    "sandbox.keeping.kept_in": "sandbox.state.persistence.load_snapshot",
    "sandbox.model.Surface": "sandbox.state.models.SurfaceRef",
    "sandbox.modals.STACK_LIMIT": "sandbox.blockkit.base.limits.MODAL_STACK",
    "sandbox.people.Direct": "sandbox.users.app_conversation.AppConversation",
    "sandbox.people.Modal": "sandbox.users.screen.Modal",
    "sandbox.people.Person": "sandbox.users.user.User",
    "sandbox.people.Spot": "sandbox.users.locations.ElementLocation",
    "sandbox.population.Population": "sandbox.directory.Directory",
    "sandbox.practice.PracticeSlack": "sandbox.sandbox.Sandbox",
    "sandbox.responding.Answers": "sandbox.delivery.response_urls.AppResponses",
    "sandbox.schedule.Schedule": "sandbox.delivery.scheduler.Scheduler",
    "sandbox.server.Respond": "sandbox.server.server.Respond",
    "sandbox.server.Server": "sandbox.server.server.Server",
    "sandbox.serving.Serving": "sandbox.server.threaded_server.ThreadedServer",
    "sandbox.stalling.Stall": "sandbox.delivery.stalled_socket.StallSwitch",
    "sandbox.stalling.stall_of": "sandbox.delivery.stalled_socket.stall_switch",
    "sandbox.state.FORMAT": "sandbox.state.snapshot.FORMAT",
    "sandbox.state.Redact": "sandbox.state.snapshot.Redact",
    "sandbox.state.State": "sandbox.state.snapshot.Snapshot",
    "sandbox.state.put_back": "sandbox.state.snapshot.restore",
    "sandbox.state.read": "sandbox.state.snapshot.parse_snapshot",
    "sandbox.state.taken_from": "sandbox.state.snapshot.take_snapshot",
    "sandbox.telling.Teller": "sandbox.delivery.event_queue.EventQueue",
    "sandbox.traffic.blotted": "sandbox.state.traffic.redacted",
    "sandbox.triggers.Triggers": "sandbox.state.trigger_ids.TriggerIds",
    "sandbox.values.placed_elements": "sandbox.state.input_values.elements_with_blocks",
    "sandbox.wiring.Wiring": "sandbox.delivery.runtime.SandboxRuntime",
    "sandbox.wiring.wire": "sandbox.delivery.runtime.build_runtime",
}


def getter(module: str) -> Callable[[str], Any]:
    """Return the `__getattr__` of a former module: it finds what has moved, and warns."""

    def get(name: str) -> Any:
        former = f"{module}.{name}"
        path, _, present = NAMES.get(former, f"{MODULES.get(module, '')}.{name}").rpartition(".")
        if not path or name.startswith("_") or not hasattr(import_module(path), present):
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        warn(former, f"{path}.{present}")
        return getattr(import_module(path), present)

    return get


def warn(former: str, present: str) -> None:
    """Warn of a former name, at the line that called the caller."""
    message = f"{former} is {present} now; the former name goes in the next version"
    warnings.warn(message, DeprecationWarning, stacklevel=3)


class _FormerModules(MetaPathFinder, Loader):
    """Imports a former module as one that has nothing but its `getter`."""

    def find_spec(self, fullname: str, path: object, target: object = None) -> ModuleSpec | None:
        return spec_from_loader(fullname, self) if fullname in MODULES else None

    def exec_module(self, module: ModuleType) -> None:
        module.__dict__["__getattr__"] = getter(module.__name__)


def install() -> None:
    """Make the former modules importable; called once, by the package."""
    sys.meta_path.append(_FormerModules())

"""Former import paths and names work for one more version, each with one DeprecationWarning."""

import warnings
from importlib import import_module

import pytest

from sandbox.base.clock import HeldClock
from sandbox.base.former_names import MODULES, NAMES
from sandbox.sandbox import Sandbox
from tests.sandbox.page.demo_app import MANIFEST

UNCHANGED = {
    "sandbox.clock.HeldClock": "sandbox.base.clock.HeldClock",
    "sandbox.delivering.NotAcknowledged": "sandbox.delivery.dispatcher.NotAcknowledged",
    "sandbox.distribution.Distribution": "sandbox.oauth.Distribution",
    "sandbox.errors.SlackError": "sandbox.base.errors.SlackError",
    "sandbox.people.Pressed": "sandbox.users.user.Pressed",
}


def named(path: str) -> object:
    module, _, name = path.rpartition(".")
    return getattr(import_module(module), name)


@pytest.mark.parametrize(("former", "present"), (UNCHANGED | NAMES).items())
def test_a_former_name_is_the_present_object_and_warns_once(former: str, present: str) -> None:
    with pytest.warns(DeprecationWarning, match="former name") as caught:
        found = named(former)
    assert found is named(present)
    assert [(str(w.message), w.filename) for w in caught] == [
        (f"{former} is {present} now; the former name goes in the next version", __file__)
    ]


def test_a_from_import_warns_once_where_it_is_written() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        from sandbox.practice import PracticeSlack  # type: ignore[import-not-found]
    assert PracticeSlack is Sandbox
    assert [(w.category, w.filename) for w in caught] == [(DeprecationWarning, __file__)]


@pytest.mark.parametrize("former", MODULES)
def test_a_former_module_without_a_name_warns_of_nothing(former: str) -> None:
    import_module(former)
    import_module(MODULES[former])


@pytest.mark.parametrize("module", ["sandbox.practice", "sandbox.state"])
@pytest.mark.parametrize("name", ["Slack", "__all__", "_socket_url"])
def test_what_a_former_module_never_had_is_refused(module: str, name: str) -> None:
    with pytest.raises(AttributeError, match=rf"'{module}' has no attribute '{name}'"):
        named(f"{module}.{name}")


def test_an_unknown_module_is_not_found() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"sandbox\.practices"):
        import_module("sandbox.practices")


def test_hands_is_the_former_name_of_actions() -> None:
    slack = Sandbox(MANIFEST, clock=HeldClock())
    with pytest.warns(DeprecationWarning, match=r"slack\.hands is slack\.actions now") as caught:
        assert slack.hands is slack.actions
    assert [w.filename for w in caught] == [__file__]
    slack.close()

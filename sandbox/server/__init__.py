from typing import TYPE_CHECKING

from sandbox.base import former_names

if not TYPE_CHECKING:  # or mypy would believe every name
    __getattr__ = former_names.getter(__name__)

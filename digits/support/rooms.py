"""Rooms: the parts of this package that can be deleted whole, `handwriting`, `report` and `scale`.

The core imports none of them. Where it needs what a room adds, it asks here, and says which room is missing.
"""

from importlib import import_module
from pathlib import Path
from types import ModuleType

from digits.support.errors import ParameterError

PACKAGE = Path(__file__).parent.parent


def load(module: str, purpose: str) -> ModuleType:
    """Import a module of a room, such as `scale.augmentation`; if it was deleted, a ParameterError names `purpose`."""
    room = module.partition(".")[0]
    if not (PACKAGE / room).is_dir():
        raise ParameterError(f"{purpose} needs digits/{room}/, which is not here; `git restore digits/{room}`")
    return import_module(f"digits.{module}")

"""The packages that decide the bytes of outputs, as environment.txt pins them."""

import re
import sys
from importlib import metadata
from pathlib import Path

from digits.support.errors import PipelineError
from digits.support.rooms import PACKAGE

FILE = PACKAGE.parent / "environment.txt"


def require_pinned() -> None:
    """Require the versions of environment.txt, where there is one; if not, a PipelineError lists what differs."""
    text = FILE.read_text(encoding="utf-8") if FILE.exists() else ""
    pinned = re.findall(r"^([\w.-]+)==(\S+)", text, re.MULTILINE)
    installed = [(name, version, _installed(name, version)) for name, version in pinned]
    if wrong := [f"{name} {version} ({found} is installed)" for name, version, found in installed if found != version]:
        raise PipelineError(f"{FILE.name} pins {', '.join(wrong)}; `make -B venv && source .venv/bin/activate`")


def _installed(name: str, version: str) -> str:
    """Return the installed version, by its metadata folder's name: to read what is in it takes a millisecond."""
    folder = f"{name.replace('-', '_')}-{version}.dist-info"
    if any(Path(place, folder).is_dir() for place in sys.path):
        return version
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "none"

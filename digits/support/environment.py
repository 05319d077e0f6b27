"""The packages that decide the bytes of outputs, as environment.txt pins them."""

import re
from importlib import metadata

from digits.support.errors import PipelineError
from digits.support.rooms import PACKAGE

FILE = PACKAGE.parent / "environment.txt"


def require_pinned() -> None:
    """Require the versions of environment.txt, where there is one; if not, a PipelineError lists what differs."""
    text = FILE.read_text(encoding="utf-8") if FILE.exists() else ""
    pinned = re.findall(r"^([\w.-]+)==(\S+)", text, re.MULTILINE)
    wrong = []
    for name, version in pinned:
        installed = next((found.version for found in metadata.distributions(name=name)), "none")
        if installed != version:
            wrong.append(f"{name} {version} ({installed} is installed)")
    if wrong:
        raise PipelineError(f"{FILE.name} pins {', '.join(wrong)}; `make -B venv && source .venv/bin/activate`")

"""Install the locked packages into this environment, exactly those of requirements.lock: `make venv` runs it.

uv installs them in a fraction of pip's time; where it cannot be had or fails, pip does. Both check every hash. uv does
not read pip's configuration, so an index that pip is set up to use is handed on.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from digits.common import cli

LOCK = Path("requirements.lock")
PIP = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
VARIABLES = {  # pip's setting, uv's variable and what separates several values there
    "index-url": ("UV_DEFAULT_INDEX", " "),
    "extra-index-url": ("UV_INDEX", " "),
    "find-links": ("UV_FIND_LINKS", ","),
    "trusted-host": ("UV_INSECURE_HOST", " "),
    "cert": ("SSL_CERT_FILE", " "),
}


def settings() -> dict[str, str]:
    """Return pip's configuration as environment variables of uv's."""
    listed = subprocess.run([sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True)
    found = re.findall(r"^(global|install|:env:)\.([a-z-]+)='(.*)'$", listed.stdout, re.MULTILINE)
    found.sort(key=lambda setting: ["global", "install", ":env:"].index(setting[0]))  # the later, the stronger
    values = {
        VARIABLES[name][0]: VARIABLES[name][1].join(value.split()) for _, name, value in found if name in VARIABLES
    }
    # As pip does: the best of all indexes, not the first that has a package. The hashes say which file it must be.
    return {"UV_INDEX_STRATEGY": "unsafe-best-match", **values}


def uv() -> str | None:
    """Return the path of uv: the one that is there, else the lock's own, installed by pip; None if that fails."""
    if path := shutil.which("uv"):
        return path
    (pinned,) = re.findall(r"^uv==.*\n(?: .*\n)*", LOCK.read_text(encoding="utf-8"), re.MULTILINE)
    file = Path(sys.prefix, "uv.txt")
    file.write_text(pinned, encoding="utf-8")
    done = subprocess.run([*PIP, "--no-deps", "-r", str(file)], check=False)
    return None if done.returncode else shutil.which("uv", path=Path(sys.executable).parent)


def main() -> None:
    """Install with uv, else with pip."""
    cli.parser(__doc__, "").parse_args()
    if path := uv():
        options = ["--quiet", "--compile-bytecode", "--require-hashes", "--python", sys.executable]
        command = [path, "pip", "sync", *options, str(LOCK)]
        if subprocess.run(command, env={**settings(), **os.environ}, check=False).returncode == 0:
            return
        cli.note("uv failed; pip installs instead, which takes some minutes")
    sys.exit(subprocess.run([*PIP, "-r", str(LOCK)], check=False).returncode)


if __name__ == "__main__":
    cli.run(main)

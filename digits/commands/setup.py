"""Set up this clone: write the configuration that Git and DVC do not clone."""

import shlex
import subprocess
import sys
from pathlib import Path

import click
from dvc.config import Config
from dvc.config_schema import RelPath

ATTRIBUTES = "/dvc.lock merge=dvc-lock\n/metrics/** merge=dvc-output\n/plots/** merge=dvc-output\n"


def register_merge_drivers() -> None:
    """Let Git merge dvc.lock by `digits merge-lock`, and keep this side's metrics and plots."""
    folder = shlex.quote(str(Path(sys.executable).parent))
    for name, driver in {"dvc-lock": f'PATH={folder}:"$PATH" digits merge-lock %O %A %B', "dvc-output": "true"}.items():
        subprocess.run(["git", "config", f"merge.{name}.driver", driver], check=True)
    file = Path(subprocess.check_output(["git", "rev-parse", "--git-path", "info/attributes"], text=True).strip())
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    if ATTRIBUTES not in text:  # without them, .gitattributes says -merge
        file.parent.mkdir(exist_ok=True)
        file.write_text(text + ATTRIBUTES, encoding="utf-8")


def place_remotes() -> None:
    """Write the absolute place of a relative default remote into config.local, unless a URL stands there.

    DVC resolves a relative one from elsewhere for what it reads from Git: `dvc exp push`, `dvc push --all-branches`.
    """
    for folder in (Path(".dvc"), *Path().glob("docs/*/*/.dvc")):
        config = Config(str(folder))
        name = config["core"].get("remote")
        url, local = (config.load_one(level)["remote"].get(name, {}).get("url") for level in ("repo", "local"))
        if isinstance(url, RelPath) and not local:
            with config.edit("local") as edited:
                edited["remote"].setdefault(name, {})["url"] = str(Path(url).resolve())


@click.command()
def command() -> None:
    """Set up this clone, as `make venv` does: how dvc.lock is merged, and the default remote."""
    if Path(".git").exists():  # not in an archive, which has no Git
        register_merge_drivers()
        place_remotes()

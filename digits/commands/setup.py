"""Set up this clone: write the configuration that Git and DVC do not clone."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

from digits.results import vega

import click
from dvc.config import Config
from dvc.config_schema import RelPath

PAGE = Path(".dvc", "plots", "page.html")
ATTRIBUTES = "/dvc.lock merge=dvc-lock\n/metrics/** merge=dvc-output\n/plots/** merge=dvc-output\n"


def register_merge_driver() -> None:
    """Let Git merge dvc.lock by `digits merge-lock`; without this driver, .gitattributes says -merge."""
    folder = Path(sys.executable).parent
    own = shlex.quote(f".venv/{folder.name}:{folder}")  # a worktree has its own environment, or takes this one
    drivers = {"dvc-lock": f'PATH={own}:"$PATH" digits merge-lock %O %A %B', "dvc-output": "true"}  # keeps this side's
    for name, driver in drivers.items():
        subprocess.run(["git", "config", f"merge.{name}.driver", driver], check=True)
    (file,) = _git_paths("--git-path", "info/attributes")
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    if ATTRIBUTES not in text:
        file.parent.mkdir(exist_ok=True)
        file.write_text(text + ATTRIBUTES, encoding="utf-8")


def place_remotes() -> None:
    """Write the absolute place of a relative default remote into config.local, unless a URL stands there.

    DVC resolves a relative one from elsewhere for what it reads from Git: `dvc exp push`, `dvc push --all-branches`.
    """
    git_dir, common = _git_paths("--git-dir", "--git-common-dir")
    clone = Path.cwd()
    if git_dir != common:  # a linked worktree: beside the clone that it belongs to, or the bare repository
        clone = common.parent if common.name == ".git" else common
    for folder in (Path(".dvc"), *Path().glob("*/.dvc")):
        config = Config(str(folder))
        name = config["core"].get("remote")
        url, local = (config.load_one(level)["remote"].get(name, {}).get("url") for level in ("repo", "local"))
        if isinstance(url, RelPath) and not local:
            with config.edit("local") as edited:
                edited["remote"].setdefault(name, {})["url"] = os.path.normpath(clone / os.path.relpath(url))


def bundle_vega() -> None:
    """Write the page of `dvc plots` with Vega inside, and let DVC use it: charts are drawn without a network."""
    path, script = PAGE.with_suffix(".local.html"), f'<script type="module">{vega.script()}</script>'
    # For {scripts} DVC writes the addresses that Vega is loaded from.
    path.write_text(PAGE.read_text(encoding="utf-8").replace("{scripts}", script), encoding="utf-8")
    with Config(".dvc").edit("local") as config:
        config["plots"]["html_template"] = path.relative_to(".dvc").as_posix()


def _git_paths(*options: str) -> list[Path]:
    return [
        Path(line).resolve()
        for line in subprocess.check_output(["git", "rev-parse", *options], text=True).split("\n")[:-1]
    ]


@click.command()
def command() -> None:
    """Set up this clone, as `make venv` does: how dvc.lock is merged, the default remote, DVC's charts."""
    if Path(".git").exists():  # not in an archive, which has no Git
        for step in (register_merge_driver, place_remotes, bundle_vega):
            step()

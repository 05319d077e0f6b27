"""Set up this clone: write the configuration that Git and DVC do not clone."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import click
from configobj import ConfigObj
from dvc.config import Config
from dvc.config_schema import RelPath

from digits.messages.errors import UserError
from digits.messages.git import check_git, has_repository
from digits.messages.terminal import warn

# The templates of plots that a wheel of digits has installed. Git has those of this repository.
PLOT_TEMPLATES = Path(sys.prefix, "share/digits/plots")

# For these files, .gitattributes turns merging off, because a merge line by line would damage
# them. These lines take precedence over .gitattributes in a clone that has the merge drivers.
# The project can lie in a folder of the Git repository.
ATTRIBUTES = """\
/{folder}dvc.lock merge=dvc-lock
/{folder}metrics/** merge=dvc-output
/{folder}plots/** merge=dvc-output
"""


@click.command()
def command() -> None:
    """Configure how Git merges dvc.lock, and the default remote, as `make venv` does.

    In a generated project, also copy the templates of DVC's plots.
    """
    if PLOT_TEMPLATES.exists():
        shutil.copytree(PLOT_TEMPLATES, ".dvc/plots", dirs_exist_ok=True)
    if not has_repository():  # the project was unpacked from an archive
        warn("there is no Git repository, so Git's merges were not configured")
        return
    check_git()
    check_path()
    register_merge_drivers()
    make_remotes_absolute()


def check_path() -> None:
    """Check that DVC can work in this folder.

    DVC treats braces in a path as a template, and `%(` in the path of a remote as an option.

    Raises:
        UserError: the path has braces or `%(`.
    """
    if re.search(r"[{}]|%\(", str(Path.cwd())):
        raise UserError(
            f"DVC cannot work in {Path.cwd()}; rename the folder, so that its path has no "
            "{, } or %("
        )


def register_merge_drivers() -> None:
    """Let Git merge dvc.lock by stages, and keep our own metrics and plots."""
    folder = run_git("rev-parse", "--show-prefix")  # such as `project/`, or nothing
    python = Path(sys.executable)
    if python.is_relative_to(Path.cwd()):
        # Git runs the driver in the top folder of a worktree, and each has its environment.
        python = Path(folder) / python.relative_to(Path.cwd())
    drivers = {
        "dvc-lock": f"{shlex.quote(str(python))} -m dvc_parallel.merge_lock %O %A %B",
        "dvc-output": "true",  # the program of this name, which leaves our file as it is
    }
    for name, driver in drivers.items():
        run_git("config", f"merge.{name}.driver", driver)

    attributes = ATTRIBUTES.format(folder=folder)
    file = Path(run_git("rev-parse", "--git-path", "info/attributes"))
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    if text and not text.endswith("\n"):
        text += "\n"
    if attributes not in text:
        file.parent.mkdir(exist_ok=True)
        file.write_text(text + attributes, encoding="utf-8")


def run_git(*words: str) -> str:
    """Run a command of Git, and return the line that it prints."""
    return subprocess.check_output(["git", *words], text=True).strip()


def make_remotes_absolute() -> None:
    """Write the absolute path of the default remote into config.local, unless one is there.

    This is for commands that read from Git, such as `dvc exp push` and `dvc push
    --all-branches`, because DVC resolves a relative path from another folder there.
    """
    config = Config(".dvc")
    remote = config["core"].get("remote")
    url = config["remote"].get(remote, {}).get("url")
    if isinstance(url, RelPath):  # DVC's class of a relative path
        # DVC's own writer refuses letters such as ü, and loses comments.
        local = ConfigObj(".dvc/config.local", encoding="utf-8", interpolation=False)
        local.setdefault(f'remote "{remote}"', {})["url"] = str(Path(url).resolve())
        local.write()

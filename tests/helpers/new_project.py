"""Make projects of one's own, as `make new` does, from this repository as it stands."""

import sysconfig
import venv
import warnings
from importlib.metadata import version
from pathlib import Path

import copier

from tests.helpers import tiny


def make_source(source: Path) -> None:
    """Make a repository of which projects can be made: this one, with uncommitted edits."""
    tiny.copy_repository(source)
    tiny.commit(source, "this repository")


def copy_files(source: Path, project: Path) -> None:
    """Make the files of a project."""
    with warnings.catch_warnings(action="ignore"):
        copier.run_copy(str(source), project, defaults=True, quiet=True)


def update(project: Path) -> None:
    """Merge what has changed in the source of a project."""
    with warnings.catch_warnings(action="ignore"):
        copier.run_update(project, defaults=True, quiet=True, overwrite=True)


def copy_template(source: Path, project: Path) -> None:
    """Make a project that is committed to Git, and that no environment belongs to."""
    copy_files(source, project)
    tiny.run("git init --quiet --initial-branch=main", project)
    tiny.commit(project, "New project")


def make_project(source: Path, project: Path) -> None:
    """Make a project that the environment of the tests serves, in which digits is editable."""
    copy_template(source, project)
    versions = project / "stages/versions.yaml"
    tiny.replace(versions, "digits: .*", f'digits: "{version("digits")}"')
    tiny.commit(project, "The environment of the tests")


def install(project: Path) -> None:
    """Make the environment of a project, as `make venv` does, but without a package index.

    It has digits and the other packages of the commit that the project was made from. All other
    packages are those of the environment of the tests.
    """
    environment = project / ".venv"
    venv.create(environment, symlinks=True)
    site = sysconfig.get_path("purelib", vars={"base": str(environment)})
    Path(site, "tests.pth").write_text(sysconfig.get_path("purelib"))
    words = (
        "uv pip install --quiet --offline --no-deps --no-build-isolation -r pyproject.toml -e ."
    )
    tiny.run(words, project, VIRTUAL_ENV=str(environment))
    (environment / ".installed").touch()

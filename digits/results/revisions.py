"""Read the results of a Git revision without checking it out."""

import io
import json
from contextlib import ExitStack, closing
from hashlib import md5
from pathlib import Path, PurePosixPath
from typing import Any, Self

import pandas as pd
from dvc.api import DVCFileSystem
from dvc.exceptions import DvcException
from dvc.fs import GitFileSystem
from dvc.repo import Repo
from dvc.scm import resolve_rev

from digits.core import paths
from digits.messages.errors import UserError, check_choice
from digits.messages.git import check_git
from digits.settings import params_file


class Revision:
    """The results of a Git revision, or of the workspace.

    They come from the workspace, DVC's cache or the remote. Use it in a `with` statement.

    Attributes:
        name: the name of the revision, or `the workspace`.
    """

    def __init__(self, name: str | None = None) -> None:
        self.is_workspace = name is None
        self.name = name or "the workspace"

    def __enter__(self) -> Self:
        """Open the revision.

        Raises:
            UserError: this is not the project's folder, Git does not work here or does not know
                the revision, or DVC cannot read its `dvc.yaml`.
        """
        params_file.read()
        check_git()
        with ExitStack() as opened:
            try:
                repository = opened.enter_context(Repo())
                if not self.is_workspace:
                    repository = opened.enter_context(open_commit(repository, self.name))
                self.files = opened.enter_context(closing(DVCFileSystem(repo=repository)))
                self.files.info("/")  # reads dvc.yaml
            except DvcException as error:
                raise UserError(error) from None
            self.opened = opened.pop_all()
        return self

    def __exit__(self, *details: Any) -> None:
        """Close the revision."""
        self.opened.close()

    def model_names(self) -> set[str]:
        """Return the names of the models, also of those that have no predictions yet."""
        pattern = paths.predictions("*").as_posix()
        return {Path(path).stem for path in self.files.glob(pattern)}

    def evaluated_models(self) -> set[str]:
        """Return the names of the models that have predictions of the test set.

        Raises:
            UserError: there are none.
        """
        models = self.model_names()
        names = {name for name in models if self.checksum(paths.predictions(name)) is not None}
        if not names:
            raise UserError(f"{self.name} has no predictions; run `digits repro` there")
        return names

    def checksum(self, path: Path) -> str | None:
        """Return the MD5 checksum of a stage's output, or None if the stage never ran.

        It is computed from a file in the workspace. Otherwise it is read from dvc.lock.
        """
        if self.is_workspace and path.exists():
            return md5(path.read_bytes()).hexdigest()
        return self.files.info(path.as_posix()).get("md5")

    def read(self, path: Path) -> pd.DataFrame:
        """Read a table of predictions, which is named after its model.

        Raises:
            UserError: the revision does not have the model, or the table cannot be read.
        """
        check_choice(self.name, path.stem, self.model_names())
        try:
            content = self.files.read_bytes(path.as_posix())
            return pd.read_parquet(io.BytesIO(content), page_checksum_verification=True)
        except Exception as error:  # each kind of remote has exceptions of its own
            raise UserError(
                f"{path} of {self.name} cannot be read ({error}); run "
                f"`digits repro {path.stem}` there, and `dvc push` to share it"
            ) from None

    def read_metrics(self, model_name: str) -> dict[str, float]:
        """Return the content of metrics/<model>.json; nothing if there is no such file."""
        path = paths.metrics(model_name).as_posix()
        return json.loads(self.files.read_text(path)) if self.files.exists(path) else {}


def open_commit(repository: Repo, revision: str) -> Repo:
    """Return the project in a revision.

    DVC's own argument `rev` would take the top folder of the Git repository for the project
    (treeverse/dvc#9698). The remotes are those of the workspace.

    Raises:
        DvcException: the revision is unknown.
    """
    git = repository.scm
    files = GitFileSystem(scm=git, rev=resolve_rev(git, revision))
    folder = Path(repository.root_dir).relative_to(git.root_dir)
    remotes = {section: repository.config[section] for section in ["core", "remote"]}
    return Repo(str(PurePosixPath("/", folder)), fs=files, scm=git, config=remotes)

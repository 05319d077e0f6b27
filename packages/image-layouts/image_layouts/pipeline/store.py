"""Store own images with DVC."""

import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from digits.messages.errors import UserError
from digits.messages.terminal import echo
from digits.running.storage import Sources, find_dvc_file, has_dvc, is_in_git, list_targets
from image_layouts.files import iterate_files


def add_to_dvc(sources: Sources) -> None:
    """Add the targets of a dataset in the folder data/ to DVC, unless Git has them.

    If DVC has them already, it notices what has changed.

    Raises:
        UserError: DVC cannot store all of them. It stores the same ones as before.
    """
    if not has_dvc():
        return
    for target in list_targets(sources):
        if target.parts[:1] == ("data",) and not is_in_git(target):
            add_target(target)


def add_target(target: Path) -> None:
    """Add a file or folder in data/ to DVC.

    Raises:
        UserError: as `add_to_dvc` does.
    """
    from dvc.api import DVCFileSystem  # here, because it takes a second
    from dvc.repo import Repo

    repo = Repo()
    repo.scm_context.quiet = True  # what to type next is said below
    with restore_on_failure([find_dvc_file(target), target.parent / ".gitignore"]):
        try:
            repo.add(str(target))
            stored = set(DVCFileSystem().find(target.as_posix(), dvc_only=True))
        except Exception as error:  # DVC's packages have exceptions of their own
            raise UserError(f"DVC cannot store {target}: {error}") from error
        files = [target] if target.is_file() else iterate_files(target)
        left_out = [path for path in files if path.as_posix() not in stored]
        if left_out:
            raise UserError(
                f"DVC cannot store {target}: it leaves out {len(left_out)} files, first "
                f"{left_out[0]}; a line of .dvcignore, a link to a folder, or another project "
                "of DVC excludes them"
            )
    echo(f"DVC now stores {target}. Run `dvc push` to share it.")


def add_to_git(files: Iterable[Path]) -> None:
    """Stage the files that exist. `dvc exp run --temp` copies only files that Git knows.

    Raises:
        UserError: Git cannot stage them, for example because it is running.
    """
    command = ["git", "add", "--", *(str(file) for file in files if file.exists())]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise UserError(done.stderr)


@contextmanager
def restore_on_failure(files: Iterable[Path]) -> Iterator[None]:
    """Give files their content back if the `with` block fails, or is stopped by Ctrl-C."""
    before = {file: file.read_bytes() if file.exists() else None for file in files}
    try:
        yield
    except BaseException:
        for file, content in before.items():
            if content is None:
                file.unlink(missing_ok=True)
            else:
                file.write_bytes(content)
        raise

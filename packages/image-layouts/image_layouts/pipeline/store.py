"""Store own images with DVC."""

import subprocess
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

    written = [find_dvc_file(target), target.parent / ".gitignore"]  # by DVC
    before = {file: file.read_bytes() if file.exists() else None for file in written}
    repo = Repo()
    repo.scm_context.quiet = True  # what to type next is said below
    try:
        repo.add(str(target))
        stored = set(DVCFileSystem().find(target.as_posix(), dvc_only=True))
        files = [target] if target.is_file() else iterate_files(target)
        left_out = [path for path in files if path.as_posix() not in stored]
        reason = ""
        if left_out:
            reason = (
                f"it leaves out {len(left_out)} files, first {left_out[0]}; a line of "
                ".dvcignore, a link to a folder, or another project of DVC excludes them"
            )
    except Exception as error:  # DVC's packages have exceptions of their own
        reason = str(error)
    if reason:
        for file, content in before.items():
            if content is None:
                file.unlink(missing_ok=True)
            else:
                file.write_bytes(content)
        raise UserError(f"DVC cannot store {target}: {reason}")
    # `dvc exp run --temp` copies only files that Git knows.
    subprocess.run(["git", "add", str(find_dvc_file(target))], check=True)
    echo(f"DVC now stores {target}. Run `dvc push` to share it.")

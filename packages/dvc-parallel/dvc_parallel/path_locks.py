"""Lock the files of a stage while its command runs, and at no other time.

Before each step of a stage, DVC writes the paths that it uses into a file, `rwlock`, so that
other processes of DVC leave them alone. After the step, it takes them out again. That is needed
only while a command runs, because DVC holds the lock of the whole repository during all other
steps. With many stages, it is much of the work.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

import dvc.rwlock
from dvc.dependency.db import AbstractDependency
from dvc.dependency.repo import RepoDependency
from dvc.lock import make_lock
from dvc.repo import Repo
from dvc.rwlock import RWLOCK_FILE, RWLOCK_LOCK, rwlock
from dvc.stage import Stage


class PathLocks:
    """The locks of the paths of a repository."""

    def __init__(self, repo: Repo) -> None:
        """Remember the repository. Nothing is locked yet."""
        self._repo = repo
        self._path = Path(repo.tmp_dir, RWLOCK_FILE)
        self._uses_hardlinks = repo.config["core"].get("hardlink_lock", False)
        self._held: dict[Stage, ExitStack] = {}
        # The time and the size of the file when it was read, and what was found in it
        self._read_version: tuple[int, int] | None = None
        self._had_locks_of_others = False

    def acquire(self, stage: Stage) -> None:
        """Lock the files of a stage as DVC does while its command runs.

        Raises:
            LockError: another process works on one of the files.
        """
        stack = ExitStack()
        stack.enter_context(
            rwlock(
                self._repo.tmp_dir,
                self._repo.fs,
                " ".join(sys.argv),  # DVC's own calls, under this name, are not blocked
                read=list_paths(stage.deps),
                write=list_paths(stage.outs),
                hardlink=self._uses_hardlinks,
            )
        )
        self._held[stage] = stack

    def release(self, stage: Stage) -> None:
        """Unlock the files of a stage, if they are locked."""
        if stage in self._held:
            self._held.pop(stage).close()

    def release_all(self) -> None:
        """Unlock the files of all stages."""
        for stage in list(self._held):
            self.release(stage)

    @contextmanager
    def patch_dvc(self) -> Iterator[None]:
        """Let DVC's own functions lock no paths, during a `with` block.

        This process holds the lock of the repository during the block, so no other process can
        lock a path meanwhile. If another process holds such locks from before, DVC's own
        function is called, which heeds them.
        """
        dvc.rwlock.rwlock = self._rwlock_if_needed
        try:
            yield
        finally:
            dvc.rwlock.rwlock = rwlock

    def _rwlock_if_needed(self, *args: Any, **kwargs: Any) -> AbstractContextManager[None]:
        """Do what DVC's function `rwlock` does if another process has locked a path."""
        if self._has_locks_of_others():
            return rwlock(*args, **kwargs)
        return nullcontext()

    def _has_locks_of_others(self) -> bool:
        """Return whether another process has locked a path.

        The file is read again only if it has changed since the last time.
        """
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return False
        version = (status.st_mtime_ns, status.st_size)
        if version != self._read_version:
            try:
                locks = json.loads(self._path.read_text(encoding="utf-8"))
            except ValueError:  # another process is writing it
                return True
            self._had_locks_of_others = bool(list_owners(locks) - {os.getpid()})
            self._read_version = version
        return self._had_locks_of_others

    def remove_damaged(self) -> None:
        """Remove the file of the locks if a killed process left it half written."""
        guard = make_lock(
            str(self._path.with_name(RWLOCK_LOCK)),
            tmp_dir=self._repo.tmp_dir,
            hardlink_lock=self._uses_hardlinks,
        )
        with guard, suppress(FileNotFoundError):
            try:
                json.loads(self._path.read_text(encoding="utf-8"))
            except ValueError:
                self._path.unlink()


def list_paths(items: list[Any]) -> list[str]:
    """Return the paths of dependencies or outputs that DVC locks."""
    without_path = (RepoDependency, AbstractDependency)
    return [item.fs_path for item in items if not isinstance(item, without_path)]


def list_owners(locks: dict[str, dict[str, Any]]) -> set[int]:
    """Return the numbers of the processes that have locked a path.

    Args:
        locks: the content of the file of the locks.
    """
    writers = [info["pid"] for info in locks.get("write", {}).values()]
    readers = [info["pid"] for infos in locks.get("read", {}).values() for info in infos]
    return {*writers, *readers}

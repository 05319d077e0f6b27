"""Download what --pull needs while other stages run.

DVC downloads while it holds the lock of the repository, so no other stage could start or be
recorded meanwhile. Here, a thread downloads the same files into the cache beforehand. DVC then
finds them there.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from copy import copy
from threading import Thread

from dvc.output import Output
from dvc.stage import Stage
from dvc.stage.cache import _can_hash


class Download(Thread):
    """A thread that gets the files of outputs from the remote into the cache."""

    def __init__(self, outs: list[Output]) -> None:
        """Start the thread.

        Args:
            outs: the outputs, with the hashes of what to get.
        """
        super().__init__(daemon=True)
        self._outs = outs
        self.start()

    def run(self) -> None:
        """Download what is not in the cache."""
        for out in self._outs:
            with suppress(Exception):  # DVC will report it when it downloads the same again
                for odb, objects in out.get_used_objs().items():
                    out.repo.cloud.pull(objects, odb=odb)


def find_outputs_at(paths: list[str], stages: Iterable[Stage]) -> list[Output]:
    """Return the outputs of some stages that are at some paths, above them or below them."""
    found = []
    for stage in stages:
        for out in stage.outs:
            is_inside = out.fs.isin_or_eq
            if any(
                is_inside(path, out.fs_path) or is_inside(out.fs_path, path) for path in paths
            ):
                found.append(out)
    return found


def find_cached_outputs(stage: Stage) -> list[Output]:
    """Return the outputs that the run cache has for the present dependencies of a stage."""
    current = copy(stage)
    current.deps = [copy(dep) for dep in stage.deps]
    current.save_deps()  # which must not change the stage itself
    if not _can_hash(current):
        return []
    run_cache = stage.repo.stage_cache
    entry = run_cache._load(current)
    return list(run_cache._create_stage(entry, wdir=stage.wdir).outs) if entry else []

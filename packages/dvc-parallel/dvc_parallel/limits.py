"""Limit how many stages of a kind run at a time, and say where they run.

The limits are in a file of their own, `dvc-parallel.yaml` beside the folder `.dvc`,
because DVC ignores that file. DVC refuses keys that it does not know in `.dvc/config` and in
dvc.yaml.
"""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from dvc.exceptions import DvcException
from dvc.stage import Stage
from dvc.utils.serialize import load_yaml
from voluptuous import All, Any, Length, MultipleInvalid, Range, Schema
from voluptuous.humanize import humanize_error

FILE = "dvc-parallel.yaml"

COUNT = All(int, Range(min=1))
VARIABLES = All([{str: Any(str, int)}], Length(min=1))  # of each job
SCHEMA = Schema({str: {"jobs": Any(COUNT, VARIABLES), "prefix": All(str, shlex.split)}})


@dataclass(eq=False)  # each limit is itself, so that limits can be counted
class Limit:
    """What the file says about the stages whose names match a pattern.

    Attributes:
        pattern: such as `train@*`, or `sub/dvc.yaml:train@*`.
        jobs: how many of these stages may run at a time, or the environment variables of each
            of these jobs. None: any number.
        prefix: words in front of each command, such as `srun -n1`.
        running: the stages that run, each with the number of its job.
    """

    pattern: str
    jobs: int | list[dict[str, str | int]] | None = None
    prefix: list[str] = field(default_factory=list)
    running: dict[Stage, int] = field(default_factory=dict)

    def matches(self, stage: Stage) -> bool:
        """Return whether the pattern matches the name of a stage."""
        name = getattr(stage, "name", None) or stage.path_in_repo  # a .dvc file has no name
        name_with_file = f"{stage.path_in_repo}:{name}"
        return fnmatchcase(name, self.pattern) or fnmatchcase(name_with_file, self.pattern)

    def is_reached(self, n_further: int = 0) -> bool:
        """Return whether no stage may run beside those that run, and some further ones."""
        if self.jobs is None:
            return False
        n_jobs = len(self.jobs) if isinstance(self.jobs, list) else self.jobs
        return len(self.running) + n_further >= n_jobs

    def take_job(self, stage: Stage) -> dict[str, str]:
        """Give a stage that begins to run the lowest job that is free. Return its variables."""
        number = 0
        while number in self.running.values():
            number += 1
        self.running[stage] = number
        if not isinstance(self.jobs, list):
            return {}
        return {name: str(value) for name, value in self.jobs[number].items()}


class Limits:
    """The limits of a repository."""

    def __init__(self, limits: Iterable[Limit]) -> None:
        """Remember the limits. No stage runs yet."""
        self._limits = list(limits)
        self._found: dict[Stage, list[Limit]] = {}

    def find_unmatched(self, stages: Sequence[Stage]) -> list[str]:
        """Return the patterns that match none of the stages."""
        return [
            limit.pattern
            for limit in self._limits
            if not any(limit.matches(stage) for stage in stages)
        ]

    def count_startable(self, stages: Iterable[Stage]) -> int:
        """Return how many of some stages can start now, if they start in this order."""
        n_startable = 0
        n_further: Counter[Limit] = Counter()
        for stage in stages:
            limits = self._find(stage)
            if not any(limit.is_reached(n_further[limit]) for limit in limits):
                n_startable += 1
                n_further.update(limits)
        return n_startable

    def take(self, stage: Stage) -> tuple[dict[str, str], list[str]]:
        """Count a stage that begins to run.

        Returns:
            its environment variables, and the words in front of its commands.
        """
        variables: dict[str, str] = {}
        prefix: list[str] = []
        for limit in self._find(stage):
            variables |= limit.take_job(stage)
            prefix += limit.prefix
        return variables, prefix

    def give_back(self, stage: Stage) -> None:
        """Forget a stage that has ended."""
        for limit in self._find(stage):
            limit.running.pop(stage, None)

    def _find(self, stage: Stage) -> list[Limit]:
        """Return the limits of a stage."""
        if stage not in self._found:
            self._found[stage] = [limit for limit in self._limits if limit.matches(stage)]
        return self._found[stage]


def read_limits(root: Path) -> Limits:
    """Return the limits in the file of a repository. There may be no file.

    Raises:
        DvcException: the file is not valid.
    """
    path = root / FILE
    if not path.exists():
        return Limits([])
    content = load_yaml(path)
    try:
        entries = SCHEMA(content)
    except MultipleInvalid as error:
        reason = humanize_error(content, error.errors[0])
        raise DvcException(
            f"{FILE}: {reason}; each pattern has jobs (a number, or a list of environment "
            "variables), or prefix, or both"
        ) from None
    return Limits(Limit(pattern, **entry) for pattern, entry in entries.items())

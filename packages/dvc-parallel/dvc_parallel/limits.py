"""Limit how many stages of a kind run at a time, and say where they run.

The limits are in a file of their own, `dvc-parallel.yaml` beside the folder `.dvc`,
because DVC ignores that file. DVC refuses keys that it does not know in `.dvc/config` and in
dvc.yaml.
"""

from __future__ import annotations

import os
import shlex
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from dvc.exceptions import DvcException
from dvc.stage import Stage
from dvc.utils.serialize import EncodingError, parse_yaml

FILE = "dvc-parallel.yaml"
KEYS = ["jobs", "slots", "prefix"]


@dataclass(eq=False)  # each limit is itself, so that limits can be counted
class Limit:
    """What the file says about the stages whose names match a pattern.

    Attributes:
        pattern: such as `train@*`, or `sub/dvc.yaml:train@*`.
        jobs: how many of these stages may run at a time. None: any number.
        slots: environment variables, one set for each of the stages that run at a time.
        prefix: words in front of each command, such as `srun -n1`.
        users: the stages that run, each with the number of its slot.
    """

    pattern: str
    jobs: int | None = None
    slots: list[dict[str, str]] = field(default_factory=list)
    prefix: list[str] = field(default_factory=list)
    users: dict[Stage, int] = field(default_factory=dict)

    def matches(self, stage: Stage) -> bool:
        """Return whether the pattern matches the name of a stage."""
        name = getattr(stage, "name", None) or stage.path_in_repo  # a .dvc file has no name
        name_with_file = f"{stage.path_in_repo}:{name}"
        return fnmatchcase(name, self.pattern) or fnmatchcase(name_with_file, self.pattern)

    def is_reached(self, n_further: int = 0) -> bool:
        """Return whether no stage may run beside those that run, and some further ones."""
        return self.jobs is not None and len(self.users) + n_further >= self.jobs

    def take_slot(self, stage: Stage) -> int:
        """Count a stage that begins to run. Return the lowest number that no other one has."""
        number = 0
        while number in self.users.values():
            number += 1
        self.users[stage] = number
        return number


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

    def allow(self, stage: Stage) -> bool:
        """Return whether a stage may run now."""
        return self.count_startable([stage]) == 1

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
            slot = limit.take_slot(stage)
            if limit.slots:
                variables |= limit.slots[slot]
            prefix += limit.prefix
        return variables, prefix

    def give_back(self, stage: Stage) -> None:
        """Forget a stage that has ended."""
        for limit in self._find(stage):
            limit.users.pop(stage, None)

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
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise EncodingError(os.fspath(path), "utf-8") from None
    content = parse_yaml(text, os.fspath(path))
    if not isinstance(content, dict):
        raise DvcException(f"{FILE}: must be patterns of stages, each with {join(KEYS)}")
    return Limits(read_limit(str(pattern), entry) for pattern, entry in content.items())


def read_limit(pattern: str, entry: Any) -> Limit:
    """Return the limit of an entry of the file.

    Raises:
        DvcException: the entry is not valid.
    """
    where = f"{FILE}: {pattern}:"
    if not isinstance(entry, dict):
        raise DvcException(f"{where} must have {join(KEYS)}")
    for key in entry:
        if key not in KEYS:
            raise DvcException(f"{where} there is no {key!r}, but {join(KEYS)}")
    jobs, slots, prefix = (entry.get(key) for key in KEYS)
    if jobs is not None and slots is not None:
        raise DvcException(f"{where} give jobs or slots, because each slot is one job")
    limit = Limit(pattern)
    if jobs is not None:
        limit.jobs = read_jobs(jobs, where)
    if slots is not None:
        limit.slots = read_slots(slots, where)
        limit.jobs = len(limit.slots)
    if prefix is not None:
        limit.prefix = read_prefix(prefix, where)
    return limit


def read_jobs(jobs: Any, where: str) -> int:
    """Return how many stages may run at a time.

    Raises:
        DvcException: the value is not valid. The message begins with where it is.
    """
    is_number = isinstance(jobs, int) and not isinstance(jobs, bool)  # True is an int, too
    if is_number and jobs > 0:
        return int(jobs)
    raise DvcException(f"{where} jobs: must be a positive number, not {jobs!r}")


def read_slots(slots: Any, where: str) -> list[dict[str, str]]:
    """Return the environment variables of each slot.

    Raises:
        DvcException: the value is not valid. The message begins with where it is.
    """
    is_list = slots and isinstance(slots, list)
    if not is_list or not all(slot and isinstance(slot, dict) for slot in slots):
        raise DvcException(f"{where} slots: must be a list of environment variables")
    for slot in slots:
        for name, value in slot.items():
            if not is_variable_name(name):
                raise DvcException(
                    f"{where} slots: {name!r} cannot be the name of an environment variable"
                )
            if not is_variable_value(value):
                raise DvcException(
                    f"{where} slots: {name}: must be a text or a whole number, not {value!r}"
                )
    return [{name: str(value) for name, value in slot.items()} for slot in slots]


def is_variable_name(name: Any) -> bool:
    """Return whether the operating system takes something as the name of a variable."""
    return isinstance(name, str) and name != "" and "=" not in name and "\0" not in name


def is_variable_value(value: Any) -> bool:
    """Return whether the operating system takes something as the value of a variable."""
    if isinstance(value, str):
        return "\0" not in value
    return isinstance(value, int) and not isinstance(value, bool)  # True is an int, too


def read_prefix(prefix: Any, where: str) -> list[str]:
    """Return the words in front of each command.

    Raises:
        DvcException: the value is not valid. The message begins with where it is.
    """
    if not isinstance(prefix, str):
        raise DvcException(f"{where} prefix: must be words in front of a command")
    try:
        return shlex.split(prefix)
    except ValueError as error:  # a quote that is not closed
        raise DvcException(f"{where} prefix: {prefix!r}: {error}") from None


def join(words: Sequence[str]) -> str:
    """Return some words, such as `a, b or c`."""
    return f"{', '.join(words[:-1])} or {words[-1]}"

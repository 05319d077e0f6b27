"""Collect how the stages of a run end, for the summary and for programs."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from typing import Any

from dvc.stage import Stage

from .repository import describe_error


class Outcome(Enum):
    """How a stage has ended, as the summary says it."""

    RUN = "run"
    RESTORED = "restored"
    PULLED = "pulled"
    SKIPPED = "skipped"
    FAILED = "failed"
    NOT_RUN = "not run"


class Results:
    """How the stages of a run have ended, as far as they have.

    Attributes:
        stages: all stages of the run.
        outcomes: how stages have ended.
        errors: why stages have failed.
        seconds: how long the commands of stages have run.
        logs: the paths of the files with the output of stages.
    """

    def __init__(self, stages: Sequence[Stage]) -> None:
        """Start the clock.

        Args:
            stages: all stages of the run.
        """
        self.stages = list(stages)
        self.outcomes: dict[Stage, Outcome] = {}
        self.errors: dict[Stage, Exception] = {}
        self.seconds: dict[Stage, float] = {}
        self.logs: dict[Stage, Path] = {}
        self._start_time = time.monotonic()

    def summarize(self) -> str:
        """Return how many stages have ended in which way: `3 stages: 3 run, in 5.0 s`."""
        counts = Counter(self.outcomes.get(each, Outcome.NOT_RUN) for each in self.stages)
        parts = [f"{counts[each]} {each.value}" for each in Outcome if counts[each]]
        seconds = time.monotonic() - self._start_time
        noun = "stage" if len(self.stages) == 1 else "stages"
        return f"{len(self.stages)} {noun}: {', '.join([*parts, f'in {seconds:.1f} s'])}"

    def list_failures(self, suffix: str) -> list[str]:
        """Return a line for each stage that has failed: why, and where its output is.

        Args:
            suffix: what to write behind each error.
        """
        lines = []
        for stage, error in self.errors.items():
            line = f"{stage.addressing}: {describe_error(error)}{suffix}"
            if stage in self.logs:
                line += f" (all of its output: {os.path.relpath(self.logs[stage])})"
            lines.append(line)
        return lines

    def as_json(self) -> dict[str, Any]:
        """Return how the run went, for a program."""
        seconds = round(time.monotonic() - self._start_time, 3)
        return {"seconds": seconds, "stages": [self._describe(each) for each in self.stages]}

    def _describe(self, stage: Stage) -> dict[str, Any]:
        """Return how a stage has ended, for a program. What does not apply is None."""
        error = self.errors.get(stage)
        log = self.logs.get(stage)
        return {
            "stage": stage.addressing,
            "outcome": self.outcomes.get(stage, Outcome.NOT_RUN).value,
            "seconds": self.seconds.get(stage),
            "error": None if error is None else describe_error(error),
            "log": None if log is None else os.path.relpath(log),
        }

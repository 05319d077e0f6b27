"""Decide in which order the stages of a plan start."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from graphlib import TopologicalSorter

from dvc.stage import Stage

from .plan import Plan


class ReadyStages:
    """The stages that can start, because all stages that they wait for have ended."""

    def __init__(
        self, order: Sequence[Stage], waits_for: Mapping[Stage, Iterable[Stage]]
    ) -> None:
        """Find the stages that can start first.

        Args:
            order: all stages. Of those that can start, the first one in this order comes first.
            waits_for: for each stage, the stages that must end before it starts.
        """
        self._places = {stage: place for place, stage in enumerate(order)}
        self._sorter = TopologicalSorter({stage: waits_for[stage] for stage in order})
        self._sorter.prepare()
        self._stages: list[Stage] = []
        self._add(self._sorter.get_ready())

    def __iter__(self) -> Iterator[Stage]:
        return iter(self._stages)

    def __len__(self) -> int:
        return len(self._stages)

    def take(self, stage: Stage) -> None:
        """Take out a stage, because it starts now."""
        self._stages.remove(stage)

    def put_back(self, stage: Stage) -> None:
        """Put back a stage that could not start yet."""
        self._add([stage])

    def finish(self, stage: Stage) -> None:
        """Add the stages that have waited only for a stage, which has ended now."""
        self._sorter.done(stage)
        self._add(self._sorter.get_ready())

    def _add(self, stages: Iterable[Stage]) -> None:
        """Add some stages at their places."""
        self._stages = sorted([*self._stages, *stages], key=self._places.__getitem__)


def order_by_work_behind(plan: Plan) -> list[Stage]:
    """Sort the stages of a plan so that those with the most work behind them come first.

    Nobody knows how long a stage takes. Roughly, the larger its outputs were in the last run,
    the longer it took. Stages that have never run come first.
    """
    work: dict[Stage, float] = dict.fromkeys(plan.stages, 0)
    # A stage comes after the stages that it waits for, so the last one has none behind it.
    for stage in reversed(plan.stages):
        work[stage] += sum(
            math.inf if out.meta.size is None else out.meta.size for out in stage.outs
        )
        for earlier in plan.waits_for[stage]:
            work[earlier] = max(work[earlier], work[stage])
    return sorted(plan.stages, key=work.__getitem__, reverse=True)

"""Decide which stages may have to run, before the first of them runs.

`dvc repro` looks at a stage when its turn comes. To run several stages at a time, one must know
which stages wait for which others.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dvc.exceptions import DvcException
from dvc.repo import Repo
from dvc.repo.reproduce import get_active_graph, plan_repro
from dvc.stage import Stage

from .options import Options
from .targets import find_named_stages

if TYPE_CHECKING:
    import networkx as nx


@dataclass(frozen=True)
class Plan:
    """The stages that may have to run, and the stages that they wait for.

    Attributes:
        stages: the outdated stages, and the stages that depend on these, in the order in which
            `dvc repro` runs them. A stage comes after the stages that it waits for.
        waits_for: for each of these stages, the others that must end before it starts.
        upstream: for each of these stages, all stages that it depends on directly. DVC wants to
            know them when it looks for changes. It has none with `single_item`.
        places: all stages of the repository, and their places in the order of `dvc repro`. With
            `single_item`, the named stages come first.
    """

    stages: list[Stage] = field(default_factory=list)
    waits_for: dict[Stage, list[Stage]] = field(default_factory=dict)
    upstream: dict[Stage, list[Stage]] = field(default_factory=dict)
    places: dict[Stage, int] = field(default_factory=dict)

    def find_dependents(self, stage: Stage) -> set[Stage]:
        """Return the stages that wait for a stage, or for another stage that waits for it."""
        found = {stage}
        for later in self.stages:
            if not found.isdisjoint(self.waits_for[later]):
                found.add(later)
        return found - {stage}


def make_plan(repo: Repo, targets: Sequence[str], options: Options) -> Plan:
    """Return the stages that may have to run.

    Args:
        repo: the repository, which is locked.
        targets: as for `dvc repro`, or patterns such as `train@small-*`. Without targets, the
            stages of dvc.yaml in the working directory are brought up to date.
        options: the options of `dvc repro`.

    Raises:
        DvcException: there is no such target, or DVC cannot read dvc.yaml.
    """
    named = find_named_stages(repo, targets, options)
    changes = Changes(options)
    if is_everything_up_to_date(repo, named, options, changes):
        return Plan()
    graph = get_active_graph(repo.index.graph)
    # The order of the whole repository, because DVC's order for some targets varies
    places = {stage: place for place, stage in enumerate(plan_repro(graph))}
    if options.is_single_item:
        return plan_single_items(named, graph, places, changes)
    chosen = plan_repro(
        graph,
        [] if options.all_pipelines else named,
        pipeline=options.pipeline,
        downstream=options.downstream and not options.is_whole_pipeline,
    )
    chosen = sorted(chosen, key=places.__getitem__)
    outdated = find_outdated(chosen, graph, changes)
    stages = [stage for stage in chosen if stage in outdated]
    upstream = {stage: list(graph.successors(stage)) for stage in stages}
    waits_for = {
        stage: [each for each in upstream[stage] if each in outdated] for stage in stages
    }
    return Plan(stages, waits_for, upstream, places)


def plan_single_items(
    named: Sequence[Stage], graph: nx.DiGraph, places: dict[Stage, int], changes: Changes
) -> Plan:
    """Return a plan for the named stages alone, in the order in which they are named."""
    graph.add_nodes_from(named)  # some may be in folders that DVC ignores
    outdated = find_outdated(
        sorted(named, key=lambda stage: places.get(stage, -1)), graph, changes
    )
    stages = [stage for stage in named if stage in outdated]
    waits_for = keep_order(stages, graph)
    in_order = dict.fromkeys([*named, *places])  # each stage once
    named_first = {stage: place for place, stage in enumerate(in_order)}
    return Plan(stages, waits_for, {stage: [] for stage in stages}, named_first)


class Changes:
    """Tells which stages have changed since they were recorded. DVC is asked once per stage."""

    def __init__(self, options: Options) -> None:
        """Ask nothing yet.

        Args:
            options: the options of `dvc repro`.
        """
        self._is_forced = options.force
        self._allow_missing = options.allow_missing
        self._answers: dict[Stage, bool] = {}

    def has_changed(self, stage: Stage, upstream: list[Stage]) -> bool:
        """Return whether a stage has changed, or must be taken for changed.

        A stage that DVC cannot read is taken for changed. It will fail when its turn comes.

        Args:
            stage: the stage.
            upstream: the stages that it depends on.
        """
        if self._is_forced:
            return True
        if stage not in self._answers:
            try:
                self._answers[stage] = stage.changed(self._allow_missing, upstream)
            except (DvcException, OSError):
                self._answers[stage] = True
        return self._answers[stage]


def is_everything_up_to_date(
    repo: Repo, named: Collection[Stage], options: Options, changes: Changes
) -> bool:
    """Return whether the named stages are all stages, and all are up to date.

    That is the most frequent case. It needs no graph, which takes DVC a while to make, except
    with `allow_missing`: DVC must then know the upstream stages.
    """
    if options.allow_missing or set(named) != set(repo.index.stages):
        return False
    return not any(changes.has_changed(stage, []) for stage in named)


def find_outdated(stages: Sequence[Stage], graph: nx.DiGraph, changes: Changes) -> set[Stage]:
    """Return the stages that have changed, and those that depend on them.

    Args:
        stages: the stages, each after those that it depends on.
        graph: DVC's graph.
        changes: tells which stages have changed.
    """
    outdated: set[Stage] = set()
    for stage in stages:
        upstream = list(graph.successors(stage))  # DVC's edges point to what a stage depends on
        depends_on_outdated = not outdated.isdisjoint(upstream)
        # If it does, its files need not be read.
        if depends_on_outdated or changes.has_changed(stage, upstream):
            outdated.add(stage)
    return outdated


def keep_order(stages: Sequence[Stage], graph: nx.DiGraph) -> dict[Stage, list[Stage]]:
    """Return for each stage the earlier ones that it is connected with, so that it waits."""
    import networkx as nx  # here, because its import takes as long as DVC for 30 stages

    connected = nx.transitive_closure_dag(graph)
    waits_for: dict[Stage, list[Stage]] = {}
    for stage in stages:
        waits_for[stage] = [
            each
            for each in waits_for
            if connected.has_edge(stage, each) or connected.has_edge(each, stage)
        ]
    return waits_for

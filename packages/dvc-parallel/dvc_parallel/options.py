"""The options of a run, which `dvc-parallel` has from `dvc repro`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Options:
    """Options of `dvc repro`, under DVC's names. Without them, only outdated stages run.

    Attributes:
        force: run stages that are up to date, too.
        single_item: leave out the stages that the targets depend on.
        pipeline: add all stages that are connected with the targets.
        all_pipelines: run all stages of the repository. There are no targets.
        recursive: a target can be a folder, and stands for all stages in it.
        glob: a target can be a pattern also behind the path of another dvc.yaml.
        downstream: run the targets and the stages that depend on them.
        force_downstream: run all stages that depend on a stage that ran.
        interactive: ask before each stage.
        pull: get missing files from the remote.
        allow_missing: a missing file alone does not make a stage outdated.
        no_commit: do not put outputs into the cache.
        no_run_cache: run the command even if the run cache has its outputs.
        ignore_errors: run the stages that depend on a stage that failed.
    """

    force: bool = False
    single_item: bool = False
    pipeline: bool = False
    all_pipelines: bool = False
    recursive: bool = False
    glob: bool = False
    downstream: bool = False
    force_downstream: bool = False
    interactive: bool = False
    pull: bool = False
    allow_missing: bool = False
    no_commit: bool = False
    no_run_cache: bool = False
    ignore_errors: bool = False

    @property
    def is_whole_pipeline(self) -> bool:
        """Whether whole pipelines are chosen. DVC then ignores two other options."""
        return self.pipeline or self.all_pipelines

    @property
    def is_single_item(self) -> bool:
        """Whether exactly the named stages are chosen."""
        return self.single_item and not self.is_whole_pipeline

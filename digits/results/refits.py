"""Refit two versions of an experiment under several seeds, and test whether the models differ, not just two fits."""

import subprocess
from typing import Any

from digits.io import parquet, paths
from digits.io.tables import Vector
from digits.learning import thresholds, training
from digits.results.intervals import Difference
from digits.support import cli
from digits.support.errors import ParameterError, PipelineError
from digits.support.parameters import FILE, Dataset, Experiment, Parameters, Task, parse
from stages.train import fit

import numpy as np
from scipy.stats import t

CODE = ["stages/train.py", "digits/__init__.py", "digits/io", "digits/learning", "digits/features"]


def at_revision(revision: str) -> Parameters:
    """Return the params.yaml of a revision; a PipelineError if what trains has other code there."""
    shown = subprocess.run(["git", "show", f"{revision}:./{FILE}"], capture_output=True, text=True, check=False)
    if shown.returncode:
        raise PipelineError(f"{revision} has no {FILE} ({shown.stderr.strip()})")
    names = subprocess.check_output(["git", "diff", "--name-only", "--relative", revision, "--", *CODE], text=True)
    if changed := names.split():
        raise PipelineError(f"{revision} has other code in {', '.join(changed)}; --seeds compares parameters alone")
    return parse(shown.stdout)


def question(name: str, params: Parameters) -> tuple[Any, ...]:
    """Return what decides an experiment's images, labels and folds: refits under two of them cannot be compared."""
    block = params.block(Experiment, name)
    splits = (params.values[section].get(block.split) for section in ("splits", "mixes"))
    sha256 = params.block(Dataset, params.dataset_of(name)).sha256
    return block.folds, block.split, *splits, sha256, params.block(Task, block.task)


def accuracies(name: str, params: Parameters, seeds: int) -> Vector:
    """Return an experiment's accuracy out of fold, 0 to 1, shape (seeds, folds); the seeds follow from its own."""
    block = params.block(Experiment, name)
    images = paths.split(block.split, "train")
    rows = parquet.read_labels(images, paths.labels(name, "train"))
    y = rows.y
    fold = training.fold_of_rows(y, block.folds, rows.origin, rows.group)
    if fold is None:
        raise ParameterError(f"--seeds: {name} has no folds; give it some")
    rule = thresholds.require_rule(block, len(np.unique(y)))
    found = []
    for seed in cli.progress(np.random.SeedSequence(params.seed).generate_state(seeds).tolist(), seeds, "seeds"):
        trained = fit(block, seed, images, rows, fold)
        assert trained.scores is not None
        right = thresholds.predict_nested(trained.model, rule, y, trained.scores, fold) == y
        found.append([right[fold == i].mean() for i in range(1, block.folds + 1)])
    return np.array(found)


def compare(before: Vector, after: Vector) -> Difference:
    """Compare accuracies of shape (seeds, folds), of the same folds, by a t-test of their differences.

    What varies from seed to seed in one fold is independent. What varies from fold to fold is not, because models of
    different folds share training images: its variance is corrected as by C. Nadeau and Y. Bengio, Inference for the
    generalization error (2003), whose test this is where the seed changes nothing. The two are told apart as in an
    analysis of variance; the degrees of freedom are those of F. Satterthwaite (1946).
    """
    difference = after - before
    seeds, folds = difference.shape
    of_seeds = difference.var(axis=0, ddof=1).mean()
    of_folds = max(difference.mean(axis=0).var(ddof=1) - of_seeds / seeds, 0.0)
    parts = np.array([of_seeds / (seeds * folds), of_folds * (1 / folds + 1 / (folds - 1))])
    accuracies, gain = (before.mean(), after.mean()), difference.mean()
    if not parts.any():
        return Difference(*accuracies, gain, gain, float(not gain))
    freedom = parts.sum() ** 2 / (parts**2 / [folds * (seeds - 1), folds - 1]).sum()
    error = np.sqrt(parts.sum())
    reach = error * t.ppf(0.975, freedom)
    return Difference(*accuracies, gain - reach, gain + reach, 2 * t.sf(abs(gain) / error, freedom))

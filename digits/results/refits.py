"""Refit two versions of an experiment under several seeds, and test whether the models differ, not just two fits."""

import subprocess
from typing import NamedTuple

from digits.io import parquet, paths
from digits.io.tables import GROUP, ORIGIN, Vector
from digits.learning import thresholds, training
from digits.support import cli
from digits.support.errors import ParameterError, PipelineError
from digits.support.parameters import FILE, Dataset, Experiment, Parameters, Task, parse
from stages.train import fit

import numpy as np
from scipy.stats import t

CODE = ["stages/train.py", "digits/__init__.py", "digits/io", "digits/learning", "digits/features"]


class Change(NamedTuple):
    """Two models' accuracies over seeds and folds, 0 to 1."""

    before: float
    after: float
    low: float  # end of the 95 % interval of the change
    high: float
    p: float

    def cells(self) -> list[str]:
        """Return the row of the table, but for p."""
        change = f"{100 * (self.after - self.before):+.2f} ({100 * self.low:+.2f} to {100 * self.high:+.2f})"
        return [f"{self.before:.4f}", f"{self.after:.4f}", change]

    def conclusion(self, p: float) -> str:
        """Return in words what may be concluded, given the corrected p."""
        if p < 0.05:
            verdict = "better" if self.after > self.before else "worse"
            return f"the model is {verdict}, by more than seeds and folds explain."
        margin = 50 * (self.high - self.low)
        return f"no evidence that the models differ; {margin:.2f} points would have shown."


def at_revision(revision: str) -> Parameters:
    """Return the params.yaml of a revision; a PipelineError if what trains has other code there."""
    shown = subprocess.run(["git", "show", f"{revision}:./{FILE}"], capture_output=True, text=True, check=False)
    if shown.returncode:
        raise PipelineError(f"{revision} has no {FILE} ({shown.stderr.strip()})")
    names = subprocess.check_output(["git", "diff", "--name-only", "--relative", revision, "--", *CODE], text=True)
    if changed := names.split():
        raise PipelineError(f"{revision} has other code in {', '.join(changed)}; --seeds compares parameters alone")
    return parse(shown.stdout)


def require_same_question(name: str, before: Parameters, after: Parameters) -> None:
    """Require that both versions of an experiment train on the same images, labels and folds."""
    asked = []
    for params in (before, after):
        block = params.block(Experiment, name)
        dataset = params.block(Dataset, params.dataset_of(name)).sha256
        splits = params.values["splits"].get(block.split), params.values["mixes"].get(block.split)
        asked.append((block.folds, block.split, splits, dataset, params.block(Task, block.task)))
    if asked[0] != asked[1]:
        raise PipelineError("the two have other images, labels or folds to train on, so refits cannot be compared")
    if not asked[0][0]:
        raise ParameterError(f"--seeds: {name} has no folds; give it some")


def accuracies(name: str, params: Parameters, seeds: int) -> Vector:
    """Return an experiment's accuracy out of fold, 0 to 1, shape (seeds, folds); the seeds follow from its own."""
    block = params.block(Experiment, name)
    images = paths.split(block.split, "train")
    y = parquet.read_labels(images, paths.labels(name, "train"))
    group, origin = (parquet.read_if_there(images, field) for field in (GROUP, ORIGIN))
    fold = training.fold_of_rows(y, block.folds, origin, group)
    assert fold is not None
    rule = thresholds.require_rule(block, len(np.unique(y)))
    found = []
    for seed in cli.progress(np.random.SeedSequence(params.seed).generate_state(seeds).tolist(), seeds, "seeds"):
        trained = fit(block, seed, images, y, fold)
        assert trained.scores is not None
        right = thresholds.predict_nested(trained.model, rule, y, trained.scores, fold) == y
        found.append([right[fold == i].mean() for i in range(1, block.folds + 1)])
    return np.array(found)


def compare(before: Vector, after: Vector) -> Change:
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
    if not parts.any():
        return Change(before.mean(), after.mean(), difference.mean(), difference.mean(), float(not difference.any()))
    freedom = parts.sum() ** 2 / (parts**2 / [folds * (seeds - 1), folds - 1]).sum()
    error, gain = np.sqrt(parts.sum()), difference.mean()
    reach = error * t.ppf(0.975, freedom)
    return Change(before.mean(), after.mean(), gain - reach, gain + reach, 2 * t.sf(abs(gain) / error, freedom))

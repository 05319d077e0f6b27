"""Measure what deformed copies of training images are worth, and write two tables of docs/bench/champion.md.

`copies`, small sets: each model is fitted on small training sets, without copies and with some, and tested on others:
a thousand digits of MNIST's training part, tested on 5 000 more of it, never on its test part; sixty pictures of
circles, crosses and lines, tested on 1 000 more. There are five sets of each; the tested images are the same for all.
The intervals are those of a paired t-test of the sets' accuracies. Takes four minutes of processor time.

`mnist`, the champion: its errors out of fold on the training part with a copy of each image, and those of the mean of
its probabilities and another model's, by an exact McNemar test against the champion as it is. The probabilities'
temperatures are fitted on the other folds. Reads what `make repro` leaves; takes half an hour of processor time.
"""

from pathlib import Path

from bench import champion, measuring
from digits.io import parquet, paths, tables
from digits.io.tables import IMAGES, OUT_OF_FOLD, Pixels, Scores, Vector
from digits.learning import deformation, models, registry, training
from digits.sources.folder import fit
from digits.support import parameters
from digits.support.parameters import Experiment

import numpy as np
from PIL import Image, ImageDraw
from scipy.stats import ttest_rel

PAGE = Path("docs", "bench", "champion.md")
SHAPE = (28, 28)
SETS = 5
COPIES = [1, 4]
MODELS = {  # those that `digits start` writes
    "pixels-svc": ("scaled", "svm.SVC", {"C": 10}),
    "pixels-trees": ("raw", "ensemble.ExtraTreesClassifier", {}),
    "gradients-svc": ("gradients", "one_vs_rest_svc", {"C": 10, "gamma": 0.004}),
}
PERCEPTRON = {"hidden_layer_sizes": [1024], "learning_rate_init": 0.0003, "max_iter": 4}
Sets = tuple[list[tuple[Pixels, Vector]], tuple[Pixels, Vector]]


def digits(sets: int, count: int = 1_000) -> Sets:
    """Return sets of so many digits of MNIST's training part, and five times as many others, as pixels and labels."""
    images, rows = paths.split("mnist", "train"), np.arange((5 + sets) * count)
    pixels, labels = parquet.take_pixels(images, rows), parquet.read_column(images, IMAGES, "class")[rows]
    cuts = [(5 + i) * count for i in range(sets)]
    tested, *trained = zip(np.split(pixels, cuts), np.split(labels, cuts), strict=True)
    return trained, tested


def shapes(sets: int) -> Sets:
    """Return sets of 60 drawings of shapes, and 1 000 others, as `digits.sources.folder` reads them."""
    random = np.random.default_rng(parameters.load().seed)
    *trained, tested = (_draw(count, random) for count in (*[60] * sets, 1_000))
    return trained, tested


def _draw(count: int, random: np.random.Generator) -> tuple[Pixels, Vector]:
    """Return circles, crosses and lines in turn, of shape (count, pixels), and their labels."""
    drawn = []
    for i in range(count):
        image = Image.new("L", (int(random.integers(60, 90)), int(random.integers(60, 90))), 255)
        (x, y), size, pen = random.integers(28, 34, 2), random.integers(14, 22), ImageDraw.Draw(image)
        box = x - size, y - size, x + size, y + size
        if i % 3 == 0:
            pen.ellipse(box, outline=0, width=4)
        else:
            pen.line(box, 18, 4)
        if i % 3 == 1:
            pen.line((x - size, y + size, x + size, y - size), 18, 4)
        drawn.append(fit(np.asarray(image), *SHAPE).ravel())
    return np.stack(drawn), np.arange(count) % 3


def accuracies(name: str, copies: int, sets: Sets, seed: int) -> Vector:
    """Return a model's accuracy, 0 to 1, fitted on each set, of shape (sets,)."""
    features, classifier, hyperparameters = MODELS[name]
    block = {"description": "", "split": "", "task": "", "folds": 0, "features": features, "classifier": classifier}
    pipeline = registry.build(Experiment.model_validate({**block, "hyperparameters": hyperparameters}), seed)
    trained, (X_test, y_test) = sets  # noqa: N806
    found = []
    for pixels, labels in trained:
        model = training.train(pipeline, deformation.add_copies(pixels, SHAPE, copies, seed), labels).model
        found.append(float((models.predict(model, models.score(model, X_test)) == y_test).mean()))
    return np.array(found)


def lines(folder: Path, quick: bool) -> list[str]:
    """Return the table."""
    seed, rows = parameters.load().seed, []
    drawn = {"60 shapes": shapes(SETS), "1 000 digits": digits(2, 100) if quick else digits(SETS)}
    for images, sets in drawn.items():
        for name in MODELS:
            without = accuracies(name, 0, sets, seed)
            row = [f"{images}, `{name}`", f"{100 * without.mean():.1f}"]
            for copies in COPIES:
                found = accuracies(name, copies, sets, seed)
                low, high = (100 * each for each in ttest_rel(found, without).confidence_interval())
                gain = 100 * (found - without).mean()
                row.append(f"{100 * found.mean():.1f}, {gain:+.1f} ({low:+.1f} to {high:+.1f})")
            measuring.log(" | ".join(row))
            rows.append(row)
    header = ["accuracy, %; change in points (95 %)", "without", *(f"copies: {copies}" for copies in COPIES)]
    return measuring.table(header, rows)


def mnist(folder: Path, quick: bool) -> list[str]:
    """Return the table of the champion with copies, and of its mean with another model."""
    params = parameters.load()
    experiment, images = params.block(Experiment, "digit-champion"), paths.split("mnist", "train")
    table = parquet.read(paths.out_of_fold("digit-champion"), OUT_OF_FOLD)
    y, fold = tables.column(table, "label"), tables.column(table, "fold")
    folds = [fold == i for i in np.unique(fold)]
    by_fold = np.argsort(fold, kind="stable")

    def calibrated(scores: Scores) -> Scores:
        return champion.calibrated([scores[rows] for rows in folds], [y[rows] for rows in folds])

    def fitted(block: Experiment, copies: int) -> Scores:
        grown = deformation.add_copies(parquet.read_pixels(images), SHAPE, copies, params.seed)
        scores = training.train(registry.build(block, params.seed), grown, y, fold).scores
        assert scores is not None
        measuring.log(f"{block.classifier}, fitted on {copies} copies of each image")
        return scores

    own = calibrated(tables.scores(table))
    other = calibrated(tables.scores(parquet.read(paths.out_of_fold("digit-density"), OUT_OF_FOLD)))
    block = experiment.model_copy(update={"classifier": "neural_network.MLPClassifier", "hyperparameters": PERCEPTRON})
    perceptron = calibrated(np.log(fitted(block, 4) + 1e-9))  # of probabilities
    variants = {
        "with `copies: 1`": fitted(experiment, 1)[by_fold],
        "mean with `digit-density`, weights 4 and 1": (4 * own + other) / 5,
        "mean with `digit-density`, equal weights": (own + other) / 2,
        "mean with a perceptron of `copies: 4`, weights 7 and 3": (7 * own + 3 * perceptron) / 10,
        "mean with a perceptron of `copies: 4`, equal weights": (own + perceptron) / 2,
        "mean with a perceptron of `copies: 4`, weights 3 and 7": (3 * own + 7 * perceptron) / 10,
    }
    wrong = {
        name: scores.argmax(axis=1) != y[by_fold] for name, scores in [(champion.CHAMPION, own), *variants.items()]
    }
    tests = champion.compared(wrong, champion.compare)
    rows = [[name, f"{100 * each.mean():.3f}", *tests[name]] for name, each in wrong.items()]
    return measuring.table(["error out of fold, %", "all folds", "difference (95 % interval)", "p", "p, Holm"], rows)


if __name__ == "__main__":
    measuring.main(__doc__, PAGE, {"copies": lines, "mnist": mnist})

"""`digits compare` between revisions, the workspace and experiments, and what it refuses."""

import re
import shutil
from pathlib import Path

from digits.commands.compare import common
from digits.io import tables
from digits.support.errors import PipelineError
from tests import tiny

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

FIVE = Path("data/predictions/five-sgd.parquet")


@pytest.fixture(scope="module")
def changed(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the made project with a much worse detector of fives committed, and a new one. Not to be changed."""
    project = tiny.copy(made, tmp_path_factory.mktemp("compare") / "tiny")
    dummy = tiny.experiment("tiny", "five", "normalized", "dummy.DummyClassifier", 0)
    tiny.edit(project, {"experiments.five-sgd": dummy, "experiments.new": dummy})
    tiny.repro(project)
    tiny.commit(project, "always no")
    return project


@pytest.fixture(scope="module")
def counts(made: Path, changed: Path) -> tuple[int, int]:
    """Count by hand which mistakes were fixed and which made."""
    one, other = (pq.read_table(project / FIVE) for project in (made, changed))
    before, after = (tables.column(each, "label") == tables.column(each, "prediction") for each in (one, other))
    return int((after & ~before).sum()), int((before & ~after).sum())


def test_only_what_differs_is_compared_with_its_counts_and_a_conclusion(changed: Path, counts: tuple[int, int]) -> None:
    fixed, broken = counts
    done = tiny.run("digits compare HEAD~1", changed, status=1)
    _, _, row, _, conclusion = done.stdout.splitlines()
    assert row.split()[0] == "five-sgd"
    assert row.split()[-2:] == [str(fixed), str(broken)]
    assert conclusion.startswith(f"five-sgd: {broken - fixed} fewer of 100 right (p = ")
    assert conclusion.endswith("the second is worse; chance does not explain the difference.")
    assert done.stderr == "compare: HEAD~1 has no predictions: new\n"
    gain, low, high = map(float, re.findall(r"[+-]\d+\.\d+", row))
    assert low < gain == fixed - broken < high < 0
    back = tiny.run("digits compare HEAD HEAD~1 five-sgd --md", changed).stdout.splitlines()
    assert [cell.strip() for cell in back[2].split("|")][-3:-1] == [str(broken), str(fixed)]
    assert back[4].endswith("the second is better; chance does not explain the difference.")


@pytest.mark.slow
def test_the_images_that_changed_sides_are_drawn(changed: Path, counts: tuple[int, int], tmp_path: Path) -> None:
    tiny.run(["digits", "compare", "HEAD~1", "HEAD", "five-sgd", "--png", str(tmp_path / "sides.png")], changed)
    with Image.open(tmp_path / "sides.png") as sheet:
        assert np.asarray(sheet).min() == 0
        assert sheet.height > 160 * sum(counts) // 8
    same = tiny.run("digits compare --between five-sgd new", changed)
    assert re.search(r"0 more of 100 right \(p = 1\): no evidence of a difference; one of \d\.\d\d points", same.stdout)


@pytest.mark.slow
def test_a_clone_without_data_asks_the_remote_and_says_what_it_lacks(changed: Path, tmp_path: Path) -> None:
    project = tiny.copy(changed, tmp_path / "origin")
    tiny.run("git clone --quiet origin clone", tmp_path)
    command = "digits compare HEAD~1 HEAD five-sgd"
    line = tiny.failure(command, tmp_path / "clone")
    assert line.startswith("compare: the predictions of HEAD~1 cannot be had (")
    assert line.endswith("; `dvc push` where they were made: five-sgd")
    for revision in ("HEAD", "HEAD~1"):
        tiny.run(f"git checkout --quiet {revision}", project)
        tiny.run("dvc push", project)
    assert "five-sgd" in tiny.run(command, tmp_path / "clone").stdout


def test_the_same_predictions_are_said_to_be_the_same(made: Path) -> None:
    assert tiny.run("digits compare HEAD", made).stdout == "The predictions are the same.\n"


def test_what_did_not_change_needs_no_cache_and_what_is_not_here_did_not_change(made: Path, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    tiny.run(["git", "clone", "--quiet", str(made), str(clone)], tmp_path)
    (clone / "data/predictions").mkdir(parents=True)
    shutil.copy(made / "data/predictions/five-sgd.parquet", clone / "data/predictions")
    assert tiny.run("digits compare HEAD", clone).stdout == "The predictions are the same.\n"


def test_what_cannot_be_compared_is_named_with_the_reason(made: Path) -> None:
    line = tiny.failure("digits compare --between five-sgd digit-logreg", made)
    assert line.startswith("compare: the two have other labels for the same images; compare experiments of one task")
    assert line.endswith(": five-sgd → digit-logreg")
    for words in ([], [""], ["HEAD", ""]):
        assert "give a revision, or --between" in tiny.failure(["digits", "compare", *words], made, 2)
    line = tiny.failure("digits compare HEAD:params.yaml", made, 2)
    assert line == "compare: error: 'HEAD:params.yaml' is no commit; give a branch, a tag or a commit"
    assert tiny.failure("digits compare nope", made) == "compare: error: unknown Git revision 'nope'"
    assert tiny.failure("digits compare HEAD HEAD nope", made) == "compare: HEAD has no predictions: nope"


def test_the_images_that_both_predict_with_the_same_class_are_compared(project: Path) -> None:
    pixels, classes = (values[-tiny.TEST :].copy() for values in tiny.digits())
    asked = np.isin(classes, [1, 2, 5])
    dummy = tiny.experiment("tiny", "five", "normalized", "dummy.DummyClassifier", 3)
    negative = {"tasks.five.negative": [1, 2], "experiments.five-sgd": dummy}
    tiny.edit(project, negative)
    tiny.repro(project, "evaluate@five-sgd")
    done = tiny.run("digits compare HEAD five-sgd", project)
    assert done.stdout.splitlines()[2].split()[:2] == ["five-sgd", str(asked.sum())]
    both = "test images the {} that both have, with the same class\n"
    assert done.stderr == f"compare: five-sgd: of 100 and {asked.sum()} " + both.format(asked.sum())
    tiny.commit(project, "five against one and two")

    replaced, relabelled = np.flatnonzero(asked)[:2]
    pixels[replaced] = tiny.MAXIMUM - pixels[replaced]
    classes[relabelled] = 1 if classes[relabelled] == 2 else 2
    (project / "idx/t10k-images").write_bytes(tiny.idx_bytes(pixels.reshape(-1, *tiny.SHAPE)))
    (project / "idx/t10k-labels").write_bytes(tiny.idx_bytes(classes))
    tiny.edit(project, {**negative, "experiments.five-sgd": tiny.params()["experiments"]["five-sgd"]})
    tiny.run("digits pin tiny", project)
    tiny.repro(project, "evaluate@five-sgd")
    done = tiny.run("digits compare HEAD five-sgd", project)
    assert done.stdout.splitlines()[2].split()[:2] == ["five-sgd", str(asked.sum() - 2)]
    assert done.stderr == f"compare: five-sgd: of {asked.sum()} and {asked.sum()} " + both.format(asked.sum() - 2)

    path = project / "data/split/tiny/test.parquet"
    images = pq.read_table(path).replace_schema_metadata(None)  # as versions before these metadata wrote them
    path.unlink()
    pq.write_table(images, path)
    line = tiny.failure("digits compare HEAD five-sgd", project)
    assert line.startswith("compare: the test images of the workspace are of another version of this project: its meta")


def test_without_an_image_in_common_nothing_is_compared() -> None:
    pixels, classes = tiny.digits()
    info, row = tables.ImageInfo(tiny.SHAPE, tiny.MAXIMUM), np.arange(5, dtype=np.uint32)
    images = [tables.image_table(pixels[at : at + 5], classes[at : at + 5], info, row=row) for at in (0, 5)]
    predictions = tables.table({"row": row, "label": classes[:5], "prediction": classes[:5]})
    with pytest.raises(PipelineError, match="no test image in common"):
        common(predictions, predictions, images)


def test_images_are_the_same_whatever_their_groups_are_called_and_not_where_their_classes_are() -> None:
    (pixels, classes), row = tiny.digits(), np.arange(5, dtype=np.uint32)

    def images(**names: list[str]) -> pa.Table:
        info = tables.ImageInfo(tiny.SHAPE, tiny.MAXIMUM, **names)
        return tables.image_table(pixels[:5], classes[:5], info, row=row, group=row)

    predictions = tables.table({"row": row, "label": classes[:5], "prediction": classes[:5]})
    renamed = [images(group_names=[f"{kind}{i}" for i in row]) for kind in ("writer", "person")]
    assert len(common(predictions, predictions, renamed)[0]) == 5
    with pytest.raises(PipelineError, match="other shapes or classes"):
        common(predictions, predictions, [images(names=[*"abcde"]), images(names=[*"edcba"])])


@pytest.mark.slow
def test_models_are_refitted_under_seeds_where_only_their_blocks_differ(project: Path) -> None:
    assert "has the same experiments in HEAD" in tiny.run("digits compare HEAD --seeds 2", project).stdout
    five = tiny.experiment("tiny", "five", "normalized", "dummy.DummyClassifier", 3)
    tiny.edit(project, {"experiments.five-sgd": five, "experiments.digit-logreg.folds": 2})
    _, _, row, _, conclusion = tiny.run("digits compare HEAD five-sgd --seeds 2", project).stdout.splitlines()
    before, after = map(float, row.split()[1:3])
    assert before > 0.95 > after
    assert conclusion.startswith("five-sgd: the second is worse; seeds and folds do not explain the difference")
    line = tiny.failure("digits compare HEAD digit-logreg --seeds 2", project)
    assert line.startswith("compare: error: digit-logreg has other images, labels or folds in HEAD")
    library = project / "digits/io/files.py"
    library.write_text(library.read_text() + "\n")
    line = tiny.failure("digits compare HEAD five-sgd --seeds 2", project)
    assert line == "compare: error: HEAD has other code in digits/io/files.py; --seeds compares parameters alone"

"""The report, as text, and as a reader sees it in a browser."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from digits.report.page import ErrorAxis
from tests.helpers import browser, tiny
from tests.helpers.browser import Opened, overflow
from tests.helpers.calls import call, failure

import pandas as pd
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, ViewportSize, expect

# Names of classes that must not be taken for HTML, for a template or for a missing value.
HOSTILE_NAMES = ["</script><img src=x onerror=hit=1>", "{{ 1 + 1 }}<b>'\"", "null"]

BASELINE = "majority-class baseline"

PHONE: ViewportSize = {"width": 390, "height": 844}

# Return the elements that are cut off at the right edge of the window.
FIND_CUT_OFF = """elements => elements
  .filter((element) => element.getBoundingClientRect().right > innerWidth + 1)
  .map((element) => element.outerHTML.slice(0, 200))"""

# Return the left edge, the width and the height of elements.
MEASURE_BOXES = """elements => elements
  .map((element) => element.getBoundingClientRect())
  .map((box) => [box.x, box.width, box.height])"""

UNFOLD_ALL = "document.querySelectorAll('details').forEach((each) => (each.open = true))"
UNFOLD = "element => (element.open = true)"


@pytest.fixture(scope="module")
def report(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    result = call(made, "report", "--output", str(path))
    assert result.stderr == ""
    return path


@pytest.fixture(scope="module")
def window() -> Iterator[Opened]:
    with browser.page() as opened:
        yield opened


@pytest.fixture
def opened(window: Opened, report: Path) -> Opened:
    window.page.set_viewport_size(PHONE)
    window.page.emulate_media(color_scheme="light")
    window.page.goto(report.as_uri())
    return window


def read_predictions(project: Path, name: str, folder: str = "predictions") -> pd.DataFrame:
    return pd.read_parquet(project / f"data/{folder}/{name}.parquet")


def accessibility_problems(page: Page) -> list[str]:
    """Return what axe finds that is a hindrance to people who see badly or use no mouse."""
    problems: list[str] = []
    for violation in Axe().run(page).response["violations"]:
        problems.extend(
            f"{violation['help']}: {node['html'][:200]}" for node in violation["nodes"]
        )
    return problems


def draw_charts(place: Page | Locator) -> None:
    """Scroll to each chart, so that the page draws it."""
    for chart in place.locator(".chart:visible").all():
        chart.scroll_into_view_if_needed()
        chart.locator("svg").wait_for()


def test_the_page_needs_no_other_file_and_names_its_sources(report: Path, made: Path) -> None:
    text = report.read_text(encoding="utf-8")
    assert len(text) < 3_000_000
    assert not re.findall(r"""(?:src|href)=["'](?!data:|#)|url\(http|@import""", text)
    checksums = {}
    for stage in tiny.lock(made).values():
        for out in stage["outs"]:
            checksums[out["path"]] = out["md5"]
    for name in tiny.params()["models"]:
        assert checksums[f"models/{name}.skops"] in text
        assert checksums[f"data/predictions/{name}.parquet"] in text
        assert checksums[f"metrics/{name}.json"] in text
    assert tiny.dataset()["sha256"]["pixels"] in text
    assert text.count("<figcaption>") == text.count("<figure")
    # digit-logreg has no folds.
    assert text.count("<strong>Not calibrated</strong>") == 1
    assert "<title>Report: five-sgd and digit-logreg</title>" in text


def test_the_same_results_give_the_same_page(report: Path, project: Path) -> None:
    call(project, "report")
    assert (project / "report.html").read_bytes() == report.read_bytes()


def test_the_page_says_by_which_rule_a_threshold_was_chosen(project: Path) -> None:
    rule = {"models.five-sgd.hyperparameters": {"threshold": {"recall": 0.9}}}
    tiny.edit(project, rule)
    call(project, "train", "five-sgd")
    call(project, "evaluate", "five-sgd")
    call(project, "report")
    text = (project / "report.html").read_text(encoding="utf-8")
    assert "This threshold was chosen in cross-validation by <code>recall: 0.9</code>." in text
    assert "the threshold of each fold was chosen on the scores of the other folds." in text


def test_models_without_results_are_left_out(project: Path) -> None:
    (project / "data/predictions/digit-logreg.parquet").unlink()
    result = call(project, "report", "--output", "new/report.html")
    assert result.stderr == (
        "the results of 1 of 2 models were not found (first digit-logreg); run `make repro`, or "
        "`dvc pull` if they were shared\n"
    )
    text = (project / "new/report.html").read_text(encoding="utf-8")
    assert 'id="five-sgd"' in text
    assert "digit-logreg" not in text


def test_a_page_that_cannot_be_written_is_explained(project: Path) -> None:
    (project / "data/predictions/digit-logreg.parquet").unlink()
    predictions = read_predictions(project, "five-sgd").assign(prediction=0)
    predictions.to_parquet(project / "data/predictions/five-sgd.parquet")
    reasons = {
        "six-*": "--models: there is no 'six-*'. Valid: digit-logreg, five-sgd.",
        "digit-*": (
            "no model that matches 'digit-*' has been evaluated; run `digits repro 'digit-*'`"
        ),
        "five-*": (
            "data/predictions/five-sgd.parquet and metrics/five-sgd.json are not of the same "
            "run; run `dvc checkout` or `dvc repro`"
        ),
    }
    for pattern, reason in reasons.items():
        message = failure(project, "report", "--models", pattern, "--output", "none.html")
        assert message == f"Error: {reason}"
    assert not (project / "none.html").exists()


def test_predictions_of_other_images_are_refused(project: Path) -> None:
    path = project / "data/raw/tiny.parquet"
    images = pd.read_parquet(path)
    attrs = images.attrs
    images = images.iloc[:200]
    images.attrs = attrs
    images.to_parquet(path)
    message = failure(project, "report")
    assert "images that data/raw/tiny.parquet does not have; run `dvc repro`" in message


@pytest.mark.parametrize(
    ("width", "height", "color_scheme"), [(1280, 900, "light"), (390, 844, "dark")]
)
def test_all_charts_pictures_and_texts_are_visible(
    opened: Opened, width: int, height: int, color_scheme: Any
) -> None:
    page = opened.page
    page.set_viewport_size({"width": width, "height": height})
    page.emulate_media(color_scheme=color_scheme)
    page.evaluate(UNFOLD_ALL)
    draw_charts(page)
    names = re.compile("^(ROC curve|Precision and recall|Recall and precision|Reliability) of ")
    assert page.locator(".chart").count() == 6
    assert page.get_by_role("img", name=names).count() == 6
    figures = page.locator("figure svg, figure img, figure .tile")
    boxes = figures.evaluate_all(MEASURE_BOXES)
    assert len(boxes) > 8
    for left, box_width, box_height in boxes:
        assert 0 <= left <= width - box_width
        assert box_width >= 28
        assert box_height >= 10
    assert overflow(page) <= 0
    assert page.locator("main *:not(.wide *, pre *)").evaluate_all(FIND_CUT_OFF) == []
    assert accessibility_problems(page) == []  # among others of the contrast

    points = page.locator("[data-kind=by_class] path[aria-roledescription=point]")
    points.nth(3).hover()
    expect(page.locator("#vg-tooltip-element.visible")).to_be_in_viewport(ratio=1)
    assert opened.console_errors == []
    assert opened.outside_requests == []


def read_leaderboard(page: Page) -> list[list[str]]:
    """Return the cells of the visible rows. The first cell is the model, then the task."""
    rows = []
    for row in page.locator("#leaderboard tbody tr:visible").all():
        cells = [" ".join(cell.split()) for cell in row.locator("th, td").all_text_contents()]
        name = cells[0].removesuffix(cells[1])  # on a phone, the task is below the model
        rows.append([name, *cells[1:]])
    return rows


def read_names(page: Page) -> list[str]:
    """Return the first cells of the visible rows of the leaderboard."""
    return [cells[0] for cells in read_leaderboard(page)]


def test_the_leaderboard_is_that_of_the_terminal(opened: Opened, made: Path) -> None:
    lines = call(made, "leaderboard").stdout.splitlines()
    printed = [line.split() for line in lines if line.startswith("  ") and "model" not in line]
    shown = []
    for name, _, *cells in read_leaderboard(opened.page):
        shown.append([*name.split(), *" ".join(cells[:4]).split()])
    assert shown == printed
    headings = opened.page.locator("#leaderboard thead th").all_text_contents()
    assert headings[2:6] == [
        "CV\naccuracy",
        "test\naccuracy",
        "test\nerrors",
        "95 % interval\nof test accuracy",
    ]


def test_the_leaderboard_is_sorted_by_mouse_and_keyboard(opened: Opened) -> None:
    page = opened.page
    by_task = ["digit-logreg", BASELINE, "five-sgd", BASELINE]
    assert read_names(page) == by_task
    page.get_by_role("button", name="model").dblclick()
    assert read_names(page) == [BASELINE, BASELINE, "five-sgd", "digit-logreg"]

    heading = page.locator("#leaderboard thead th").nth(3)
    heading.get_by_role("button").focus()
    page.keyboard.press("Enter")
    assert heading.get_attribute("aria-sort") == "descending"
    accuracies = [cells[3] for cells in read_leaderboard(page)]
    assert accuracies == sorted(accuracies, reverse=True)
    page.keyboard.press("Enter")
    assert heading.get_attribute("aria-sort") == "ascending"
    accuracies = [cells[3] for cells in read_leaderboard(page)]
    assert accuracies == sorted(accuracies)

    # Rows without a value come last in both orders.
    heading = page.locator("#leaderboard thead th").nth(2)
    for _ in range(2):
        heading.get_by_role("button").click()
        assert [cells[2] == "–" for cells in read_leaderboard(page)] == [
            False,
            True,
            True,
            True,
        ]


def test_the_leaderboard_is_filtered_by_task_and_text(opened: Opened) -> None:
    page = opened.page
    page.get_by_label("Task").select_option("five")
    assert read_names(page) == ["five-sgd", BASELINE]
    page.get_by_label("Text").fill("LOGREG")
    assert read_names(page) == []
    page.get_by_label("Task").select_option("all")
    assert read_names(page) == ["digit-logreg"]
    expect(page.locator(".filter output")).to_have_text("1 of 2")


def test_the_keyboard_skips_the_menu_which_leads_to_a_model_and_back(opened: Opened) -> None:
    page = opened.page
    for key in ["Tab", "Enter", "Tab"]:
        page.keyboard.press(key)
    expect(page.locator("#best a").first).to_be_focused()
    figures = page.locator("#five-sgd .figures")
    expect(figures).not_to_be_visible()
    page.get_by_text("Models", exact=True).click()
    page.locator("nav").get_by_role("link", name="five-sgd").click()
    expect(figures).to_be_visible()
    page.get_by_role("link", name="↑ Leaderboard").click()
    expect(page.get_by_role("heading", name="Leaderboard")).to_be_in_viewport()


def test_without_javascript_the_tables_and_pictures_are_there(
    opened: Opened, report: Path
) -> None:
    chromium = opened.page.context.browser
    with browser.new_page(chromium, java_script_enabled=False) as page:
        page.goto(report.as_uri())
        assert page.locator("#leaderboard tbody tr").count() == 4
        assert page.locator("#best .row").count() == 2
        assert page.locator(".tile").count() > 2
        assert page.get_by_role("button").count() == 0
        noscript = page.locator("noscript").inner_text()
        assert "no charts" in " ".join(noscript.split())


@pytest.mark.parametrize(("index", "folder"), [(0, "predictions"), (1, "crossval")])
def test_the_numbers_are_those_of_the_predictions(
    opened: Opened, made: Path, index: int, folder: str
) -> None:
    predictions = read_predictions(made, "five-sgd", folder)
    section = opened.page.locator("#five-sgd")
    cells = section.locator(".matrix").nth(index).locator("tbody td").all_text_contents()
    counts = pd.crosstab(predictions["label"], predictions["prediction"])
    assert [int(cell.replace("·", "0")) for cell in cells] == counts.to_numpy().ravel().tolist()

    is_correct = predictions["label"] == predictions["prediction"]
    accuracy_row = section.locator(".metrics tbody tr").first
    expect(accuracy_row.locator("td").nth(index)).to_contain_text(f"{is_correct.mean():.4f}")


def test_a_click_on_a_count_shows_the_images(opened: Opened, made: Path) -> None:
    predictions = read_predictions(made, "digit-logreg")
    mistakes = predictions[predictions["label"] != predictions["prediction"]]
    counts = mistakes.value_counts(["label", "prediction"])
    actual, predicted = counts.index[0]  # the most frequent confusion
    count = counts.iloc[0]
    section = opened.page.locator("#digit-logreg")
    section.evaluate(UNFOLD)
    name = f"{count}: {actual} predicted as {predicted}"
    section.get_by_role("button", name=name).first.click()
    figures = section.locator(".shown figure")
    assert figures.count() == min(12, count)
    expect(figures.first).to_contain_text(f"{actual}, predicted {predicted} (")
    expect(section.locator(".shown .tile").first).to_be_in_viewport(ratio=1)


def test_a_chart_is_drawn_when_it_is_seen_and_has_tooltips(opened: Opened) -> None:
    section = opened.page.locator("#five-sgd")
    assert section.locator("svg").count() == 0
    section.evaluate(UNFOLD)
    draw_charts(section)
    operating_points = "[data-kind=roc] path[aria-roledescription=point][opacity='1']"
    section.locator(operating_points).first.hover()
    text = re.compile(
        r"model\s+five-sgd\s+class\s+5\s+false positive rate\s+[\d.]+%\s+"
        r"true positive rate\s+[\d.]+%"
    )
    tooltip = opened.page.locator("#vg-tooltip-element.visible")
    expect(tooltip).to_have_text(text, use_inner_text=True)


@pytest.mark.parametrize("kind", ["roc", "precision_recall"])
def test_curves_have_square_axes_from_0_to_1(opened: Opened, kind: str) -> None:
    section = opened.page.locator("#five-sgd")
    section.evaluate(UNFOLD)
    draw_charts(section)
    chart = section.locator(f"[data-kind={kind}]")
    frames = chart.locator("svg .cell > g > path.background").evaluate_all(MEASURE_BOXES)
    assert len(frames) == 2  # of the test set and of cross-validation
    for _, width, height in frames:
        assert width == pytest.approx(height, abs=1)
        assert width > 150
    labels = chart.locator(".role-axis-label text").all_text_contents()
    assert {"0.0", "0.2", "0.4", "0.6", "0.8", "1.0"} == set(labels)


def test_all_charts_are_printed_with_their_colours(opened: Opened) -> None:
    page = opened.page
    draw_charts(page)  # only those that are unfolded
    count = "window.drawn = document.querySelectorAll('#five-sgd .chart svg').length"
    page.evaluate(f"addEventListener('afterprint', () => ({count}))")
    page.pdf()
    assert page.evaluate("window.drawn") == 3
    # By default, browsers don't print the background of these elements.
    for selector in [".tile", ".lane i.test", ".matrix .correct"]:
        element = page.locator(selector).first
        adjust = element.evaluate("element => getComputedStyle(element).printColorAdjust")
        assert adjust == "exact"


def test_few_groups_and_missing_metrics_are_shown(project: Path, opened: Opened) -> None:
    path = project / "plots/five-sgd/metrics.csv"
    table = pd.read_csv(path)
    is_test = table["subset"] == "test"
    table = table[~is_test | (table["metric"] != "roc_auc")]  # as without fives
    table.loc[is_test & (table["metric"] == "accuracy"), ["low", "high"]] = None
    groups = pd.DataFrame(
        {
            "subset": "test",
            "metric": "accuracy",
            "slice": ["group anna", "group ben"],
            "value": [1.0, 0.875],
        }
    )
    pd.concat([table, groups]).to_csv(path, index=False)
    call(project, "report", "--models", "five-*")
    page = opened.page
    page.goto((project / "report.html").as_uri())

    # The error rates of the groups stand in place of the interval.
    assert page.locator("#best .lane .group").count() == 2
    note = "an error rate of 0\N{NO-BREAK SPACE}% is drawn at"
    expect(page.locator("#best figcaption")).to_contain_text(note)
    expect(page.locator("#leaderboard tbody tr").first).to_contain_text("*0.8750 to 1.0000")
    legend = "* range over the groups: fewer than six, or all equal, so no interval"
    expect(page.locator("#leaderboard")).to_contain_text(legend)
    details = page.locator("#five-sgd details").filter(has_text="Accuracy of each group")
    details.evaluate(UNFOLD)
    rows = details.locator("tbody tr")
    expect(rows.nth(0)).to_have_text(re.compile(r"anna\s+test set\s+1\.0000"))
    expect(rows.nth(1)).to_have_text(re.compile(r"ben\s+test set\s+0\.8750"))

    # The test set has no area under the curve.
    area = page.locator(".metrics tbody tr").filter(has_text="area under the ROC curve")
    expect(area.locator("td").first).to_have_text("–")


@pytest.fixture
def two_models(project: Path, opened: Opened) -> tuple[Path, Opened]:
    """Return a project with two models of a task with hostile class names, and its report."""
    slow = tiny.params()["models"]["five-sgd"] | {"task": "name"}
    quick = slow | {"features": "raw", "hyperparameters": {"max_iter": 1, "tol": None}}
    changes = {
        "datasets.tiny.names": [*HOSTILE_NAMES, *"defghij"],
        "tasks": {"name": {"split": "tiny"}},
        "models": {"slow-sgd": slow, "quick-sgd": quick},
    }
    tiny.edit(project, changes)
    tiny.repro(project, "evaluate@slow-sgd", "evaluate@quick-sgd")
    call(project, "report")
    opened.page.goto((project / "report.html").as_uri())
    return project, opened


@pytest.mark.slow
def test_two_models_stand_side_by_side(two_models: tuple[Path, Opened]) -> None:
    project, opened = two_models
    page = opened.page
    beside = page.locator("#beside")
    page.get_by_label("From").select_option("slow-sgd")
    page.get_by_role("button", name="Compare").click()

    # The page draws the same conclusion as the command.
    verdict = beside.locator(".result strong").inner_text()
    conclusion = verdict.partition(": ")[2].split()
    printed = call(project, "compare", "--between", "slow-sgd", "quick-sgd").stdout
    assert " ".join(conclusion).removesuffix(".") in " ".join(printed.split())

    correct_rows = []
    for name in ["slow-sgd", "quick-sgd"]:
        table = read_predictions(project, name)
        is_correct = table["label"] == table["prediction"]
        correct_rows.append(set(table["row"][is_correct]))
    before, after = correct_rows
    for words, images in [("fixed", after - before), ("broken", before - after)]:
        heading = f"{words} by quick-sgd: {len(images)}"
        side = beside.locator("section").filter(has_text=heading)
        captions = side.locator("small").all_text_contents()
        rows = {int(caption.split()[1]) for caption in captions}
        assert len(rows) == min(24, len(images))
        assert rows <= images
    draw_charts(beside)
    assert accessibility_problems(page) == []


@pytest.mark.slow
def test_the_name_of_a_class_is_shown_as_text(two_models: tuple[Path, Opened]) -> None:
    project, opened = two_models
    page = opened.page
    assert "<b>null</b>" in (project / "report.html").read_text(encoding="utf-8")
    page.evaluate(UNFOLD_ALL)
    draw_charts(page)
    texts = "".join(page.locator("svg text").all_text_contents())
    for name in HOSTILE_NAMES:
        assert name[:9] in texts
    assert page.locator('main b:text-is("\'"), img[src=x]').count() == 0
    assert page.evaluate("window.hit") is None
    assert opened.console_errors == []
    assert opened.outside_requests == []


def test_errors_have_a_logarithmic_axis() -> None:
    errors = [0, 0.001, 0.01, 0.1, 1]
    axis = ErrorAxis(errors)
    assert axis.has_zero
    assert axis.ticks == ["0.1", "1", "10", "100"]
    positions = [axis.position(error) for error in errors]
    assert positions == pytest.approx([0, 0, 33.33, 66.67, 100])

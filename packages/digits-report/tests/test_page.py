"""The report as a reader sees it in a browser, and the command that writes it."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, ViewportSize, expect

import hostile
from digits.results.leaderboard import BASELINE
from reading import read_predictions
from tests.helpers import browser, tiny
from tests.helpers.browser import Opened, overflow
from tests.helpers.calls import call, failure

# Vega is bundled once, in the project that the other tests copy.
pytestmark = pytest.mark.usefixtures("report")

PHONE: ViewportSize = {"width": 390, "height": 844}
WIDE: ViewportSize = {"width": 1280, "height": 900}

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
def window() -> Iterator[Opened]:
    with browser.page() as opened:
        yield opened


@pytest.fixture
def opened(window: Opened, report: Path) -> Opened:
    window.page.set_viewport_size(PHONE)
    window.page.emulate_media(color_scheme="light")
    window.page.goto(report.as_uri())
    return window


def accessibility_problems(page: Page, part: str = "html") -> list[str]:
    """Return what axe finds in a part that hinders people who see badly or use no mouse."""
    problems: list[str] = []
    for violation in Axe().run(page, context=part).response["violations"]:
        problems.extend(
            f"{violation['help']}: {node['html'][:200]}" for node in violation["nodes"]
        )
    return problems


def wait_for_charts(place: Page | Locator) -> None:
    for chart in place.locator(".chart:visible").all():
        chart.locator("svg").wait_for()


def test_the_page_needs_no_other_file_and_names_its_sources(report: Path) -> None:
    text = report.read_text(encoding="utf-8")
    assert len(text) < 3_000_000
    markup = re.sub("<script.*?</script>", "", text, flags=re.DOTALL)
    assert not re.findall(r"""(?:src|href)=["'](?!data:|#)|url\(http|@import""", markup)
    assert tiny.dataset()["sha256"]["pixels"] in text
    assert text.count("<figcaption>") == text.count("<figure")
    # digit-logreg has no folds.
    assert text.count("<strong>Not calibrated</strong>") == 1
    assert "They are part of scikit-learn" not in text


def test_the_same_results_give_the_same_page(report: Path, made: Path, tmp_path: Path) -> None:
    project = tiny.copy(made, tmp_path / made.name)
    call(project, "report")
    assert (project / "report.html").read_bytes() == report.read_bytes()


@pytest.mark.variant
def test_the_heading_is_the_name_of_the_folder(made: Path, tmp_path: Path) -> None:
    project = tiny.copy(made, tmp_path / "leaves & <b>")
    call(project, "report")
    text = (project / "report.html").read_text(encoding="utf-8")
    assert "<title>Models of leaves &amp; &lt;b&gt;</title>" in text
    assert "<h1>Models of leaves &amp; &lt;b&gt;</h1>" in text


@pytest.mark.variant
def test_the_page_says_where_thresholds_and_images_come_from(project: Path) -> None:
    path = project / "data/raw/tiny.parquet"
    names = [f"own/{row}.png" for row in range(tiny.IMAGES)]
    tiny.change_images(path, lambda images: images.assign(file=names))
    changes = {
        "models.five-sgd.hyperparameters": {"threshold": {"recall": 0.9}},
        "datasets.tiny.sources": [{"sklearn": "digits"}],
    }
    tiny.edit(project, changes)
    call(project, "train", "five-sgd")
    call(project, "evaluate", "five-sgd")
    call(project, "report")
    text = (project / "report.html").read_text(encoding="utf-8")
    assert "This threshold was chosen in cross-validation by <code>recall: 0.9</code>." in text
    assert "the threshold of each fold was chosen on the scores of the other folds." in text
    assert "They are part of scikit-learn" in text
    predictions = read_predictions(project, "digit-logreg")
    mistakes = predictions["row"][predictions["is_wrong"]]
    assert len(mistakes) > 0
    for row in mistakes:
        assert f"<small>own/{row}.png</small>" in text


@pytest.mark.variant
def test_models_without_results_are_left_out(project: Path) -> None:
    (project / "data/predictions/digit-logreg.parquet").unlink()
    result = call(project, "report", "--output", "new/report.html")
    assert result.stdout == (
        "new/report.html has 1 of 2 models. To add the others, such as digit-logreg, run "
        "`make repro`, or `dvc pull` if their results were shared.\n"
    )
    text = (project / "new/report.html").read_text(encoding="utf-8")
    assert 'id="model-five-sgd"' in text
    assert "digit-logreg" not in text


def test_without_images_the_report_says_how_to_fetch_them(project: Path) -> None:
    (project / "data/raw/tiny.parquet").unlink()
    line = failure(project, "report")
    assert line.startswith("Error: data/raw/tiny.parquet was not found; `dvc repro fetch@")


def test_predictions_of_other_images_are_refused(project: Path) -> None:
    tiny.change_images(project / "data/raw/tiny.parquet", lambda images: images.iloc[:-1])
    message = failure(project, "report")
    assert "images that its dataset in data/raw does not have; run `dvc repro`" in message


@pytest.mark.parametrize(("size", "color_scheme"), [(WIDE, "light"), (PHONE, "dark")])
def test_all_charts_pictures_and_texts_are_visible(
    opened: Opened, size: ViewportSize, color_scheme: Any
) -> None:
    page = opened.page
    page.set_viewport_size(size)
    page.emulate_media(color_scheme=color_scheme)
    page.evaluate(UNFOLD_ALL)
    wait_for_charts(page)
    names = [
        "ROC curve of five-sgd",
        "Precision-recall curve of five-sgd",
        "Reliability diagram of five-sgd",
        "Recall and precision of each class of digit-logreg",
        "ROC curves of digit-logreg",
        "Precision-recall curves of digit-logreg",
    ]
    for name in names:
        expect(page.get_by_role("img", name=name)).to_be_visible()
    assert page.locator(".chart").count() == len(names)
    titles = page.locator(".title").all_inner_texts()
    assert "ROC curve" in titles  # without the name of the model, which can be long
    boxes = page.locator("figure svg, figure img").evaluate_all(MEASURE_BOXES)
    assert len(boxes) > 8
    for left, box_width, box_height in boxes:
        assert 0 <= left <= size["width"] - box_width
        assert box_width >= 28
        assert box_height >= 10
    assert overflow(page) <= 0
    # Curves have points outside of the corner that is shown, but these are not drawn.
    assert (
        page.locator("main *:not(.wide *, pre *, svg g, svg path)").evaluate_all(FIND_CUT_OFF)
        == []
    )
    assert accessibility_problems(page) == []  # among others of the contrast

    points = page.locator("[data-kind=by_class] path[aria-roledescription=point]")
    points.nth(3).hover()
    expect(page.locator("#vg-tooltip-element.visible")).to_be_in_viewport(ratio=1)
    assert opened.console_errors == []
    assert opened.outside_requests == []


def list_headings(page: Page) -> list[str]:
    headings = page.locator("#leaderboard thead th").all_inner_texts()
    return [" ".join(heading.split()) for heading in headings]


def find_heading(page: Page, heading: str) -> Locator:
    """Return a heading of the leaderboard."""
    return page.locator("#leaderboard thead th").nth(list_headings(page).index(heading))


def read_column(page: Page, heading: str) -> list[str]:
    """Return the texts of a column in the rows of the task `digit`."""
    column = list_headings(page).index(heading)
    rows = page.locator("#leaderboard tbody").first.locator("tr:not(.task)").all()
    return [row.locator("th, td").nth(column).inner_text() for row in rows]


def test_the_models_of_a_task_are_sorted(opened: Opened) -> None:
    page = opened.page
    page.set_viewport_size(WIDE)  # a phone shows fewer columns
    models = read_column(page, "model")
    assert models == ["digit-logreg", BASELINE]
    accuracy = find_heading(page, "test accuracy")
    accuracy.get_by_role("button").focus()
    page.keyboard.press("Enter")
    assert accuracy.get_attribute("aria-sort") == "descending"
    assert read_column(page, "model") == models
    page.keyboard.press("Enter")
    assert accuracy.get_attribute("aria-sort") == "ascending"
    assert read_column(page, "model") == models[::-1]
    tasks = page.locator("#leaderboard tr:first-child.task").all_inner_texts()
    assert [task.split()[0] for task in tasks] == ["digit", "five"]

    errors = find_heading(page, "test errors")
    errors.get_by_role("button").click()
    numbers = [int(text) for text in read_column(page, "test errors")]
    assert numbers == sorted(numbers, reverse=True)  # by their value, not as words
    assert accuracy.get_attribute("aria-sort") is None
    page.set_viewport_size(PHONE)
    expect(errors).not_to_be_visible()
    expect(find_heading(page, "CV accuracy")).to_be_visible()
    expect(find_heading(page, "95 % interval of test accuracy")).to_be_visible()


def test_the_page_begins_with_the_best_model_of_each_task(opened: Opened, made: Path) -> None:
    cards = opened.page.locator("#best article")
    assert cards.locator("h3 a").all_inner_texts() == ["digit-logreg", "five-sgd"]
    for card, name in zip(cards.all(), ["digit-logreg", "five-sgd"], strict=True):
        accuracy = json.loads((made / f"metrics/{name}.json").read_text())["accuracy"]
        expect(card).to_contain_text(f"{accuracy:.4f} test accuracy")
        expect(card).to_contain_text("It is the only model of the task.")
        predictions = read_predictions(made, name)
        n_mistakes = predictions["is_wrong"].sum()
        mistakes = f"{n_mistakes} of 100 test images are misclassified, most often:"
        expect(card).to_contain_text(mistakes if n_mistakes else "It makes no mistake in 100")


def test_the_keyboard_skips_the_menu_which_leads_to_a_model_and_back(opened: Opened) -> None:
    page = opened.page
    for key in ["Tab", "Enter", "Tab"]:
        page.keyboard.press(key)
    expect(page.locator("#best a").first).to_be_focused()
    figures = page.locator("#model-five-sgd .figures")
    expect(figures).not_to_be_visible()
    for _ in range(2):  # also if it has been folded again
        page.get_by_text("Models", exact=True).click()
        page.locator("nav").get_by_role("link", name="five-sgd").click()
        expect(figures).to_be_visible()
        page.locator("#model-five-sgd > summary").click()
    page.get_by_role("link", name="↑ Leaderboard").click()
    expect(page.get_by_role("heading", name="Leaderboard")).to_be_in_viewport()


def test_without_javascript_the_tables_and_pictures_are_there(
    opened: Opened, report: Path
) -> None:
    chromium = opened.page.context.browser
    with browser.new_page(chromium, java_script_enabled=False) as page:
        page.goto(report.as_uri())
        assert page.locator("#leaderboard tbody tr").count() == 6  # two name a task
        assert page.locator(".tile").count() > 2
        assert page.get_by_role("button").count() == 0
        noscript = page.locator("noscript").inner_text()
        assert "no charts" in " ".join(noscript.split())


def test_a_click_on_a_count_shows_its_images(opened: Opened, made: Path) -> None:
    predictions = read_predictions(made, "digit-logreg")
    mistakes = predictions[predictions["is_wrong"]]
    actual, predicted = mistakes[["label", "prediction"]].iloc[0]
    is_pair = (mistakes["label"] == actual) & (mistakes["prediction"] == predicted)
    section = opened.page.locator("#model-digit-logreg")
    section.evaluate(UNFOLD)
    name = f"{is_pair.sum()}: {actual} predicted as {predicted}"
    button = section.get_by_role("button", name=name)
    button.click()
    figures = section.locator(".shown figure")
    assert figures.count() == is_pair.sum()
    expect(figures.first).to_contain_text(f"{actual}, predicted {predicted} (")
    expect(figures.first).to_contain_text(f"row {mistakes['row'][is_pair].iloc[0]}")
    expect(section.locator(".shown .tile").first).to_be_in_viewport(ratio=1)
    button.click()
    assert figures.count() == 0


def test_a_chart_is_drawn_when_it_is_unfolded_and_has_tooltips(opened: Opened) -> None:
    section = opened.page.locator("#model-five-sgd")
    wait_for_charts(opened.page)
    assert section.locator("svg").count() == 0
    section.evaluate(UNFOLD)
    wait_for_charts(section)
    section.locator("[data-kind=roc] path[aria-roledescription=point]").first.hover()
    text = re.compile(
        r"subset\s+test set\s+class\s+five\s+false positive rate\s+[\d.]+%\s+"
        r"true positive rate\s+[\d.]+%"
    )
    tooltip = opened.page.locator("#vg-tooltip-element.visible")
    expect(tooltip).to_have_text(text, use_inner_text=True)


def test_two_models_stand_side_by_side_whatever_their_classes_are_called(
    hostile_project: Path, opened: Opened
) -> None:
    page = opened.page
    page.goto((hostile_project / "report.html").as_uri())
    page.get_by_role("button", name="Compare").click()

    # The page draws the same conclusion as the command.
    beside = page.locator("#beside")
    verdict = beside.locator(".result strong").inner_text()
    assert verdict.startswith("menu → best, ")  # from the worse to the better one
    conclusion = verdict.partition(": ")[2].split()
    printed = call(hostile_project, "compare", "--between", "menu", "best").stdout
    assert " ".join(conclusion).removesuffix(".") in " ".join(printed.split())

    correct_rows = []
    for name in ["menu", "best"]:
        table = read_predictions(hostile_project, name)
        correct_rows.append(set(table["row"][~table["is_wrong"]]))
    before, after = correct_rows
    for words, images in [("fixed", after - before), ("broken", before - after)]:
        heading = f"{words} by best: {len(images)}"
        side = beside.locator("section").filter(has_text=heading)
        captions = side.locator("small").all_text_contents()
        rows = {int(caption.split()[0]) for caption in captions}
        assert len(rows) == min(24, len(images))
        assert rows <= images
    wait_for_charts(beside)
    assert accessibility_problems(page, "#beside") == []

    # The names of classes are shown as text.
    page.evaluate(UNFOLD_ALL)
    wait_for_charts(page)
    texts = "".join(page.locator("svg text").all_text_contents())
    for name in hostile.NAMES:
        assert name[:9] in texts
    expect(page.locator(".matrix th").filter(has_text="null").first).to_be_visible()
    assert page.locator('main b:text-is("\'"), img[src=x]').count() == 0
    assert page.evaluate("window.hit") is None
    assert opened.console_errors == []
    assert opened.outside_requests == []

"""The report, as text and as a reader sees it in a real browser."""

import re
from collections.abc import Iterator
from pathlib import Path

from digits.report.page import Axis
from tests import browser, tiny
from tests.browser import Opened, overflow
from tests.calls import call, failure

import pandas as pd
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

HOSTILE = ["</script><img src=x onerror=hit=1>", "{{ 1 + 1 }}<b>'\"", "null"]
CUT = "all => all.filter((e) => e.getBoundingClientRect().right > innerWidth + 1).map((e) => e.outerHTML.slice(0, 200))"
BOXES = "all => all.map((e) => e.getBoundingClientRect()).map((box) => [box.x, box.width, box.height])"
UNFOLD = "document.querySelectorAll('details').forEach((each) => (each.open = true))"


@pytest.fixture(scope="module")
def report(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    assert call(made, "report", "--output", str(path)).stderr == ""
    return path


@pytest.fixture(scope="module")
def window() -> Iterator[Opened]:
    with browser.page() as opened:
        yield opened


@pytest.fixture
def opened(window: Opened, report: Path) -> Opened:
    window.page.set_viewport_size({"width": 390, "height": 844})
    window.page.emulate_media(color_scheme="light")
    window.page.goto(report.as_uri())
    return window


def predictions(project: Path, name: str, folder: str = "predictions") -> pd.DataFrame:
    return pd.read_parquet(project / f"data/{folder}/{name}.parquet")


def hindrances(page: Page) -> list[str]:
    """Return what axe finds that hinders who cannot see the page well, or uses no mouse (https://dequeuniversity.com)."""
    violations = Axe().run(page).response["violations"]
    return [f"{each['help']}: {node['html'][:200]}" for each in violations for node in each["nodes"]]


def draw_all(place: Page | Locator) -> None:
    for chart in place.locator(".chart:visible").all():
        chart.scroll_into_view_if_needed()  # a chart is drawn then
        chart.locator("svg").wait_for()


def test_it_needs_nothing_else_and_says_what_was_measured_and_where_it_came_from(report: Path, made: Path) -> None:
    text = report.read_text(encoding="utf-8")
    assert len(text) < 3_000_000
    assert not re.findall(r"""(?:src|href)=["'](?!data:|#)|url\(http|@import""", text)
    outs = {out["path"]: out["md5"] for stage in tiny.lock(made).values() for out in stage["outs"]}
    for name in tiny.params()["experiments"]:
        for path in (f"models/{name}.skops", f"data/predictions/{name}.parquet", f"metrics/{name}.json"):
            assert outs[path] in text, path
    assert tiny.dataset()["sha256"]["pixels"] in text
    assert text.count("<figcaption>") == text.count("<figure")
    assert text.count("<strong>Not calibrated</strong>") == 1  # digit-logreg has no folds
    assert "<title>Report: five-sgd and digit-logreg</title>" in text


def test_the_same_inputs_give_the_same_page_and_of_what_is_not_here_or_of_two_runs_there_is_none(
    report: Path, project: Path
) -> None:
    call(project, "report")
    assert (project / "report.html").read_bytes() == report.read_bytes()
    (project / "data/predictions/digit-logreg.parquet").unlink()
    done = call(project, "report", "--output", "new/part.html")
    assert done.stderr == "not here: 1, first digit-logreg; `make repro` or `dvc pull` brings all\n"
    text = (project / "new/part.html").read_text(encoding="utf-8")
    assert ('id="five-sgd"' in text, "digit-logreg" in text) == (True, False)
    predictions(project, "five-sgd").assign(prediction=0).to_parquet(project / "data/predictions/five-sgd.parquet")
    for pattern, reason in (
        ("six-*", "no experiment is called 'six-*'"),
        ("digit-*", "nothing has been evaluated here yet; `make demo`"),
        ("five-*", "data/predictions/five-sgd.parquet and metrics/five-sgd.json are not of the same run"),
    ):
        said = failure(project, "report", "--experiments", pattern, "--output", "none.html")
        assert said.startswith(f"Error: {reason}")
    assert not (project / "none.html").exists()


@pytest.mark.parametrize(("width", "height", "dark"), [(1280, 900, False), (390, 844, True)])
def test_every_figure_and_all_text_can_be_seen(opened: Opened, width: int, height: int, dark: bool) -> None:
    opened.page.set_viewport_size({"width": width, "height": height})
    opened.page.emulate_media(color_scheme="dark" if dark else "light")
    opened.page.evaluate(UNFOLD)
    draw_all(opened.page)
    names = re.compile("^(ROC curve|Precision and recall|Recall and precision|Reliability) of ")
    assert opened.page.locator(".chart").count() == opened.page.get_by_role("img", name=names).count() == 6
    figures = opened.page.locator("figure svg, figure img, figure .tile").evaluate_all(BOXES)
    assert len(figures) > 8
    assert all(w >= 28 and h >= 10 and 0 <= x <= width - w for x, w, h in figures)
    assert overflow(opened.page) <= 0
    assert opened.page.locator("main *:not(.wide *, pre *)").evaluate_all(CUT) == []
    assert hindrances(opened.page) == []  # of contrast as well
    opened.page.locator("[data-kind=by_class] path[aria-roledescription=point]").nth(3).hover()
    expect(opened.page.locator("#vg-tooltip-element.visible")).to_be_in_viewport(ratio=1)
    assert opened.console_errors + opened.outside_requests == []


def test_the_leaderboard_sorts_by_mouse_and_keyboard_and_is_filtered_by_task_and_text(opened: Opened) -> None:
    names = opened.page.locator("#leaderboard tbody tr:visible th")
    up = ["digit-logreg", "five-sgd"]  # by the order of tasks, and by name, and by accuracy
    assert names.all_text_contents() == up
    opened.page.get_by_role("button", name="experiment").dblclick()
    assert names.all_text_contents() == up[::-1]
    heading = opened.page.locator("#leaderboard thead th").nth(2)
    heading.get_by_role("button").focus()
    for direction, expected in (("descending", up[::-1]), ("ascending", up)):
        opened.page.keyboard.press("Enter")
        assert heading.get_attribute("aria-sort") == direction
        assert names.all_text_contents() == expected
    opened.page.get_by_label("Task").select_option("five")
    assert names.all_text_contents() == ["five-sgd"]
    opened.page.get_by_label("Text").fill("LOGREG")
    assert names.all_text_contents() == []
    opened.page.get_by_label("Task").select_option("all")
    assert names.all_text_contents() == ["digit-logreg"]
    expect(opened.page.locator(".filter output")).to_have_text("1 of 2")


def test_the_keyboard_skips_the_menu_which_leads_to_an_experiment_and_back(opened: Opened) -> None:
    for key in ("Tab", "Enter", "Tab"):
        opened.page.keyboard.press(key)
    expect(opened.page.locator("#best a").first).to_be_focused()
    body = opened.page.locator("#five-sgd .figures")
    expect(body).not_to_be_visible()
    opened.page.get_by_text("Experiments", exact=True).click()
    opened.page.locator("nav").get_by_role("link", name="five-sgd").click()
    expect(body).to_be_visible()
    opened.page.get_by_role("link", name="↑ Leaderboard").click()
    expect(opened.page.get_by_role("heading", name="Leaderboard")).to_be_in_viewport()


def test_without_scripts_everything_is_still_there(opened: Opened, report: Path) -> None:
    with browser.new_page(opened.page.context.browser, java_script_enabled=False) as page:
        page.goto(report.as_uri())
        assert page.locator("#leaderboard tbody tr").count() == page.locator("#best .row").count() == 2
        assert (page.locator(".tile").count() > 2, page.get_by_role("button").count()) == (True, 0)
        assert "no charts" in page.locator("noscript").inner_text()


def test_the_counts_are_those_of_the_predictions_and_a_click_shows_their_images(opened: Opened, made: Path) -> None:
    section = opened.page.locator("#five-sgd")
    for i, folder in enumerate(["predictions", "crossval"]):
        table = predictions(made, "five-sgd", folder)
        cells = section.locator(".matrix").nth(i).locator("tbody td").all_text_contents()
        counts = pd.crosstab(table["label"], table["prediction"]).to_numpy().ravel()
        assert [int(cell.replace("·", "0")) for cell in cells] == [*counts]
        accuracy = section.locator(".measures tbody tr").first.locator("td").nth(i)
        expect(accuracy).to_contain_text(f"{(table['label'] == table['prediction']).mean():.4f}")
    table = predictions(made, "digit-logreg")
    confused = table[table["label"] != table["prediction"]].groupby(["label", "prediction"]).size()
    times = confused.max()
    actual, predicted = confused[confused == times].index[0]
    section = opened.page.locator("#digit-logreg")
    section.evaluate("each => (each.open = true)")
    cell = section.get_by_role("button", name=f"{times}: {actual} predicted as {predicted}").first
    cell.click()
    assert section.locator(".shown figure").count() == min(12, times)
    expect(section.locator(".shown figure").first).to_contain_text(f"{actual}, predicted {predicted} (")
    expect(section.locator(".shown .tile").first).to_be_in_viewport(ratio=1)


def test_a_chart_is_drawn_when_seen_or_printed_and_tells_what_is_hovered(opened: Opened) -> None:
    section = opened.page.locator("#five-sgd")
    assert section.locator("svg").count() == 0
    section.evaluate("each => (each.open = true)")
    draw_all(section)
    section.locator("[data-kind=roc] path[aria-roledescription=point][opacity='1']").first.hover()
    shown = re.compile(r"five-sgd\s+class\s+5\s+false positive rate\s+[\d.]+%\s+true positive rate\s+[\d.]+%")
    expect(opened.page.locator("#vg-tooltip-element.visible")).to_have_text(shown, use_inner_text=True)
    opened.page.reload()
    draw_all(opened.page)  # what is unfolded
    drawn = "() => (window.drawn = document.querySelectorAll('#five-sgd .chart svg').length)"
    opened.page.evaluate(f"addEventListener('afterprint', {drawn})")
    opened.page.pdf()
    assert opened.page.evaluate("window.drawn") == 3
    for background in (".tile", ".lane i.test", ".matrix .right"):  # a browser's defaults print none
        assert (
            opened.page.locator(background).first.evaluate("each => getComputedStyle(each).printColorAdjust") == "exact"
        )


def test_of_few_groups_each_is_shown_in_place_of_an_interval_and_a_dash_for_what_has_no_value(
    project: Path, opened: Opened
) -> None:
    path = project / "plots/five-sgd/figures.csv"
    table = pd.read_csv(path)
    table = table[(table["part"] != "test") | (table["figure"] != "roc_auc")]  # as of a test part without fives
    table.loc[(table["part"] == "test") & (table["figure"] == "accuracy"), ["low", "high"]] = None
    groups = [("test", "accuracy", f"group {name}", value) for name, value in (("anna", 1.0), ("ben", 0.875))]
    pd.concat([table, pd.DataFrame(groups, columns=["part", "figure", "of", "value"])]).to_csv(path, index=False)
    call(project, "report", "--experiments", "five-*")
    opened.page.goto((project / "report.html").as_uri())
    assert opened.page.locator("#best .lane .group").count() == 2
    expect(opened.page.locator("#best figcaption")).to_contain_text("what is 0\N{NO-BREAK SPACE}% is drawn at")
    expect(opened.page.locator("#leaderboard tbody tr")).to_contain_text("of 100; 0.0 12.5)")
    [table_of_groups] = opened.page.locator("#five-sgd details").filter(has_text="Accuracy of each group").all()
    assert table_of_groups.locator("tbody tr").all_text_contents() == ["annatest part1.0000", "bentest part0.8750"]
    area = opened.page.locator(".measures tbody tr").filter(has_text="area under the ROC curve").locator("td")
    assert area.first.text_content() == "–"


@pytest.mark.slow
def test_two_experiments_stand_side_by_side_and_a_class_name_is_text(project: Path, opened: Opened) -> None:
    block = tiny.params()["experiments"]["five-sgd"] | {"task": "name"}
    quick = {"features": "raw", "hyperparameters": {"max_iter": 1, "tol": None}}
    changes = {"tasks": {"name": {"split": "tiny"}}, "experiments": {"slow-sgd": block, "quick-sgd": block | quick}}
    tiny.edit(project, {"datasets.tiny.names": [*HOSTILE, *"defghij"], **changes})
    tiny.repro(project, "evaluate@slow-sgd", "evaluate@quick-sgd")
    call(project, "report")
    assert "<b>null</b>" in (project / "report.html").read_text(encoding="utf-8")
    compared = call(project, "compare", "--between", "slow-sgd", "quick-sgd").stdout.split()
    one, other = (predictions(project, name) for name in ("slow-sgd", "quick-sgd"))
    was, now = ({*table["row"][table["label"] == table["prediction"]]} for table in (one, other))
    opened.page.goto((project / "report.html").as_uri())
    beside = opened.page.locator("#beside")
    opened.page.get_by_label("From").select_option("slow-sgd")
    opened.page.get_by_role("button", name="Compare").click()
    verdict = beside.locator(".result strong").inner_text()
    assert verdict.split() == compared[-len(verdict.split()) :]
    is_marked = "~" in opened.page.locator("#leaderboard tbody").inner_text()
    assert is_marked == ("not told apart" in verdict)
    for words, images in (("fixed", now - was), ("broken", was - now)):
        side = beside.locator("section").filter(has_text=f"{words} by quick-sgd: {len(images)}")
        rows = {int(text.split()[1]) for text in side.locator("small").all_text_contents()}
        assert (len(rows), rows - images) == (min(24, len(images)), set())
    draw_all(beside)
    assert hindrances(opened.page) == []
    opened.page.evaluate(UNFOLD)
    draw_all(opened.page)
    assert all(name[:9] in "".join(opened.page.locator("svg text").all_text_contents()) for name in HOSTILE)
    assert opened.page.locator('main b:text-is("\'"), img[src=x]').count() == 0
    assert opened.page.evaluate("window.hit") is None
    assert opened.console_errors + opened.outside_requests == []


def test_errors_lie_on_a_logarithmic_axis() -> None:
    axis = Axis(errors := [0, 0.001, 0.01, 0.1, 1])
    assert axis.ticks == ["0.1", "1", "10", "100"]
    assert [axis.place(error) for error in errors] == pytest.approx([0, 0, 33.33, 66.67, 100])

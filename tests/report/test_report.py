"""The report, as text and as a reader sees it in a real browser."""

import re
from pathlib import Path

from digits.report.page import Axis
from tests import browser, tiny
from tests.core.calls import digits, failure

import pandas as pd
import pytest
from playwright.sync_api import Locator, Page, expect

HOSTILE = ["</script><img src=x onerror=hit=1>", "{{ 1 + 1 }}<b>'\"", "null"]
CUT = "all => all.filter((e) => e.getBoundingClientRect().right > innerWidth + 1).map((e) => e.outerHTML.slice(0, 200))"
BOXES = "all => all.map((e) => e.getBoundingClientRect()).map((box) => [box.x, box.width, box.height])"
UNFOLD = "document.querySelectorAll('details').forEach((each) => (each.open = true))"


@pytest.fixture(scope="module")
def page(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Draw the report of the made project."""
    path = tmp_path_factory.mktemp("report") / "report.html"
    assert digits(made, "report", "--output", str(path)).stderr == ""
    return path


def predictions(project: Path, name: str, folder: str = "predictions") -> pd.DataFrame:
    return pd.read_parquet(project / f"data/{folder}/{name}.parquet")


def draw_all(place: Page | Locator) -> None:
    """Scroll from chart to chart until all are drawn."""
    for chart in place.locator(".chart:visible").all():
        chart.scroll_into_view_if_needed()
        chart.locator("svg").wait_for()


def test_it_needs_nothing_else_and_says_what_was_measured_and_where_it_came_from(page: Path, made: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert len(text) < 3_000_000
    assert not re.findall(r"""(?:src|href)=["'](?!data:|#)|url\(http|@import""", text)
    outs = {out["path"]: out["md5"] for stage in tiny.lock(made).values() for out in stage["outs"]}
    for name in tiny.params()["experiments"]:
        assert f'id="{name}"' in text
        for path in (f"models/{name}.skops", f"data/predictions/{name}.parquet", f"metrics/{name}.json"):
            assert outs[path] in text, path
    assert tiny.dataset()["sha256"]["pixels"] in text
    assert text.count("<figcaption>") == text.count("<figure")
    assert text.count("<strong>Not calibrated</strong>") == 1  # digit-logreg has no folds
    assert "<title>Report: five-sgd and digit-logreg</title>" in text


def test_the_same_inputs_give_the_same_page_and_what_is_not_here_is_counted(page: Path, project: Path) -> None:
    digits(project, "report")
    assert (project / "report.html").read_bytes() == page.read_bytes()
    (project / "data/predictions/digit-logreg.parquet").unlink()
    done = digits(project, "report", "--output", "new/part.html")
    assert done.stderr == "not here: 1, first digit-logreg; `make repro` or `dvc pull` brings all\n"
    text = (project / "new/part.html").read_text(encoding="utf-8")
    assert 'id="five-sgd"' in text
    assert "digit-logreg" not in text


def test_a_page_of_nothing_or_of_two_runs_is_not_written(project: Path) -> None:
    (project / "metrics/digit-logreg.json").unlink()
    path = project / "data/predictions/five-sgd.parquet"
    pd.read_parquet(path).assign(prediction=0).to_parquet(path)
    for pattern, reason in (
        ("six-*", "no experiment is called 'six-*'"),
        ("digit-*", "nothing has been evaluated here yet; `make demo`"),
        ("five-*", "data/predictions/five-sgd.parquet and metrics/five-sgd.json are not of the same run"),
    ):
        assert failure(project, "report", "--experiments", pattern).startswith(f"Error: {reason}")
    assert not (project / "report.html").exists()


@pytest.mark.parametrize(("width", "height", "dark"), [(1280, 900, False), (390, 844, True)])
def test_every_figure_and_all_text_can_be_seen(page: Path, width: int, height: int, dark: bool) -> None:
    with browser.page(width, height, dark=dark) as opened:
        opened.page.goto(page.as_uri())
        opened.page.evaluate(UNFOLD)
        draw_all(opened.page)
        names = re.compile("^(ROC curve|Precision and recall|Recall and precision|Reliability) of ")
        assert opened.page.locator(".chart").count() == opened.page.get_by_role("img", name=names).count() == 6
        figures = opened.page.locator("figure svg, figure img, figure .tile").evaluate_all(BOXES)
        assert len(figures) > 8
        assert all(w >= 28 and h >= 10 and 0 <= x <= width - w for x, w, h in figures)
        assert opened.overflow() <= 0
        assert opened.page.locator("main *:not(.wide *, pre *)").evaluate_all(CUT) == []
        assert opened.hindrances() == []  # of contrast as well
        opened.page.locator("[data-kind=by_class] path[aria-roledescription=point]").nth(3).hover()
        expect(opened.page.locator("#vg-tooltip-element.visible")).to_be_in_viewport(ratio=1)
        assert opened.console_errors + opened.outside_requests == []


def test_the_leaderboard_sorts_by_mouse_and_keyboard_and_is_filtered_by_task_and_text(page: Path) -> None:
    with browser.page() as opened:
        opened.page.goto(page.as_uri())
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
        opened.page.get_by_label("Task").select_option("all")
        opened.page.get_by_label("Text").fill("LOGREG")
        assert names.all_text_contents() == ["digit-logreg"]
        expect(opened.page.locator(".filter output")).to_have_text("1 of 2")


def test_the_keyboard_skips_the_menu_which_leads_to_an_experiment_and_back(page: Path) -> None:
    with browser.page(400, 844) as opened:
        opened.page.goto(page.as_uri())
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


def test_without_scripts_everything_is_still_there(page: Path) -> None:
    with browser.page(scripts=False) as opened:
        opened.page.goto(page.as_uri())
        assert opened.page.locator("#leaderboard tbody tr").count() == opened.page.locator("#best .row").count() == 2
        assert opened.page.locator(".tile").count() > 2
        assert opened.page.get_by_role("button").count() == 0
        assert "no charts" in opened.page.locator("noscript").inner_text()


def test_the_counts_are_those_of_the_predictions_and_a_click_shows_their_images(page: Path, made: Path) -> None:
    with browser.page(390, 844) as opened:
        opened.page.goto(page.as_uri())
        section = opened.page.locator("#five-sgd")
        for i, folder in enumerate(["predictions", "crossval"]):
            table = predictions(made, "five-sgd", folder)
            cells = section.locator(".matrix").nth(i).locator("tbody td").all_text_contents()
            counts = pd.crosstab(table["label"], table["prediction"]).to_numpy().ravel().tolist()
            assert [int(cell.replace("·", "0")) for cell in cells] == counts
            accuracy = section.locator(".measures tbody tr").first.locator("td").nth(i)
            expect(accuracy).to_contain_text(f"{(table['label'] == table['prediction']).mean():.4f}")
        table = predictions(made, "digit-logreg")
        confused = table[table["label"] != table["prediction"]].groupby(["label", "prediction"]).size()
        times = confused.max()
        actual, predicted = confused[confused == times].index[0]
        section = opened.page.locator("#digit-logreg")
        section.evaluate("each => (each.open = true)")
        words = f"{actual} predicted as {predicted}: {times} of {(table['label'] == actual).sum()}"
        expect(section.locator(".pairs li").first).to_contain_text(words)
        cell = section.get_by_role("button", name=f"{times}: {actual} predicted as {predicted}").first
        cell.evaluate("each => each.scrollIntoView({block: 'end'})")
        cell.click()
        assert section.locator(".shown figure").count() == min(12, times)
        expect(section.locator(".shown figure").first).to_contain_text(f"{actual}, predicted {predicted} (")
        expect(section.locator(".shown .tile").first).to_be_in_viewport(ratio=1)


def test_a_chart_is_drawn_when_seen_or_printed_and_tells_what_is_hovered(page: Path) -> None:
    with browser.page() as opened:
        opened.page.goto(page.as_uri())
        section = opened.page.locator("#five-sgd")
        assert section.locator("svg").count() == 0
        section.evaluate("each => (each.open = true)")
        draw_all(section)
        points = section.locator("[data-kind=roc] path[aria-roledescription=point]")
        operating = [point for point in points.all() if point.get_attribute("opacity") == "1"]
        style = "each => getComputedStyle(each)"
        for mark, point in zip(section.locator(".key .dot").all(), operating, strict=True):  # the legend's
            assert mark.evaluate(f"{style}.backgroundColor") == point.evaluate(f"{style}.fill")
        operating[0].hover()
        shown = re.compile(r"five-sgd\s+class\s+5\s+false positive rate\s+[\d.]+%\s+true positive rate\s+[\d.]+%")
        expect(opened.page.locator("#vg-tooltip-element.visible")).to_have_text(shown, use_inner_text=True)
        title = section.locator("[data-kind=roc] svg text").filter(has_text="false positive rate")
        opened.page.emulate_media(color_scheme="dark")
        expect(title).to_have_attribute("fill", "#e6e8ea")
        opened.page.reload()
        draw_all(opened.page)  # what is unfolded
        drawn = "() => (window.drawn = document.querySelectorAll('#five-sgd .chart svg').length)"
        opened.page.evaluate(f"addEventListener('afterprint', {drawn})")
        opened.page.pdf()
        assert opened.page.evaluate("window.drawn") == 3
        for background in (".tile", ".lane i.test", ".matrix .right"):  # a browser's defaults print none
            assert opened.page.locator(background).first.evaluate(f"{style}.printColorAdjust") == "exact"


def test_of_few_groups_each_is_shown_in_place_of_an_interval(project: Path) -> None:
    path = project / "plots/five-sgd/figures.csv"
    table = pd.read_csv(path)
    table.loc[(table["part"] == "test") & (table["figure"] == "accuracy"), ["low", "high"]] = None
    groups = [("test", "accuracy", f"group {name}", value) for name, value in (("anna", 1.0), ("ben", 0.875))]
    pd.concat([table, pd.DataFrame(groups, columns=["part", "figure", "of", "value"])]).to_csv(path, index=False)
    digits(project, "report", "--experiments", "five-*")
    with browser.page() as opened:
        opened.page.goto((project / "report.html").as_uri())
        assert opened.page.locator("#best .lane .group").count() == 2
        expect(opened.page.locator("#best figcaption")).to_contain_text("what is 0\N{NO-BREAK SPACE}% is drawn at")
        expect(opened.page.locator("#leaderboard tbody tr")).to_contain_text("of 100; 0.0 12.5)")
        [table_of_groups] = opened.page.locator("#five-sgd details").filter(has_text="Accuracy of each group").all()
        assert table_of_groups.locator("tbody tr").all_text_contents() == ["annatest part1.0000", "bentest part0.8750"]


@pytest.mark.slow
def test_two_experiments_stand_side_by_side_and_a_class_name_is_text(project: Path) -> None:
    values = tiny.params({"datasets.tiny.names": [*HOSTILE, *"defghij"]})
    values["splits"]["few"] = {"dataset": "tiny", "test": 2}  # no f among them
    values["tasks"] = {"name": {"split": "tiny"}, "none": {"split": "few", "positive": ["f"]}}
    block = values["experiments"]["five-sgd"] | {"task": "name"}
    quick = {"features": "raw", "hyperparameters": {"max_iter": 1, "tol": None}}
    values["experiments"] = {"slow-sgd": block, "quick-sgd": block | quick, "none-sgd": block | {"task": "none"}}
    tiny.write_params(project, values)
    tiny.repro(project, *(f"evaluate@{name}" for name in values["experiments"]))
    digits(project, "report")
    text = re.sub('data:image[^"]*', "", (project / "report.html").read_text(encoding="utf-8"))
    assert not re.search("digit", text, re.IGNORECASE)
    no_yes = '<th scope="row">area under the ROC curve</th><td class="number">–</td>'
    assert all(each in text for each in ("tells f from not f.", no_yes, "<b>null</b>"))
    verdict = digits(project, "compare", "--between", "slow-sgd", "quick-sgd").stdout.splitlines()[-1]
    one, other = (predictions(project, name) for name in ("slow-sgd", "quick-sgd"))
    was, now = (table["label"] == table["prediction"] for table in (one, other))
    with browser.page() as opened:
        opened.page.goto((project / "report.html").as_uri())
        beside = opened.page.locator("#beside")
        opened.page.get_by_label("From").select_option("slow-sgd")
        opened.page.get_by_role("button", name="Compare").click()
        expect(beside.locator(".result strong")).to_have_text(verdict)
        is_marked = "~" in opened.page.locator("#leaderboard tbody").inner_text()
        assert is_marked == ("not told apart" in verdict)
        for words, images in (("fixed", now & ~was), ("broken", was & ~now)):
            side = beside.locator("section").filter(has_text=f"{words} by quick-sgd: {images.sum()}")
            rows = {int(text.split()[1]) for text in side.locator("small").all_text_contents()}
            assert len(rows) == min(24, images.sum())
            assert rows <= {*one["row"][images]}
        draw_all(beside)
        assert opened.hindrances() == []
        opened.page.evaluate(UNFOLD)
        draw_all(opened.page)
        assert all(name[:9] in "".join(opened.page.locator("svg text").all_text_contents()) for name in HOSTILE)
        assert opened.page.locator('main b:text-is("\'"), img[src=x]').count() == 0
        assert opened.page.evaluate("window.hit") is None
        assert opened.console_errors + opened.outside_requests == []


def test_errors_lie_on_a_logarithmic_axis() -> None:
    axis = Axis([0.1, 0.01, 0.001, 0])
    assert axis.ticks == ["0.1", "1", "10", "100"]
    assert [axis.place(error) for error in (0.01, 0.1)] == pytest.approx([33.33, 66.67])
    assert [axis.place(error) for error in (0, 0.001, 1)] == pytest.approx([0, 0, 100])

"""The report, as text and as a reader sees it in a real browser."""

import re
from pathlib import Path

from tests import browser, tiny

import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml
from playwright.sync_api import Locator, Page, expect

REPORT = ["digits", "report"]


@pytest.fixture(scope="module")
def page(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Draw the report of the made project."""
    path = tmp_path_factory.mktemp("report") / "report.html"
    assert tiny.run([*REPORT, "--output", str(path)], made).stderr == ""
    return path


def test_the_page_needs_nothing_else_and_is_small(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert len(text) < 3_000_000
    assert not re.findall(r"""(?:src|href)=["'](?!data:|#)""", text)
    assert "url(http" not in text
    assert "@import" not in text


def test_it_says_what_was_measured_and_where_it_came_from(page: Path, made: Path) -> None:
    text = page.read_text(encoding="utf-8")
    lock = yaml.safe_load((made / "dvc.lock").read_text())["stages"]
    for name in tiny.params()["experiments"]:
        assert f'id="{name}"' in text
        outs = {out["path"]: out["md5"] for kind in ("train", "evaluate") for out in lock[f"{kind}@{name}"]["outs"]}
        for path in (f"models/{name}.skops", f"data/predictions/{name}.parquet", f"metrics/{name}.json"):
            assert outs[path] in text, path
    assert tiny.dataset()["sha256"]["pixels"] in text
    assert text.count("<figcaption>") == text.count("<figure")
    assert text.count("<strong>Not calibrated</strong>") == 1  # digit-logreg has no folds
    assert "<title>Report: five-sgd and digit-logreg</title>" in text


def test_the_same_inputs_give_the_same_page(page: Path, project: Path) -> None:
    tiny.run(REPORT, project)
    assert (project / "report.html").read_bytes() == page.read_bytes()


def test_what_is_not_here_is_counted_and_the_rest_reported(project: Path) -> None:
    (project / "data/predictions/digit-logreg.parquet").unlink()
    done = tiny.run([*REPORT, "--output", "new/part.html"], project)
    assert done.stderr == "report: 1 more experiment: `make repro` or `dvc pull`\n"
    text = (project / "new/part.html").read_text()
    assert 'id="five-sgd"' in text
    assert "digit-logreg" not in text


@pytest.mark.parametrize(
    ("pattern", "status", "reason"),
    [
        ("six-*", 2, "no experiment is called 'six-*'"),
        ("digit-*", 1, "nothing has been evaluated here yet; `make demo`"),
    ],
)
def test_a_page_of_nothing_is_not_written(project: Path, pattern: str, status: int, reason: str) -> None:
    (project / "metrics/digit-logreg.json").unlink()
    line = tiny.run([*REPORT, "--experiments", pattern], project, status=status).stderr
    assert line.startswith(f"report: error: {reason}")
    assert line.count("\n") == 1
    assert not (project / "report.html").exists()


def draw_all(place: Page | Locator) -> None:
    """Scroll from chart to chart until all are drawn."""
    for chart in place.locator(".chart:visible").all():
        chart.scroll_into_view_if_needed()
        chart.locator("svg").wait_for()


@pytest.mark.parametrize(("width", "height", "dark"), [(1280, 900, False), (390, 844, True)])
def test_every_figure_and_all_text_can_be_seen(page: Path, width: int, height: int, dark: bool) -> None:
    """Text has a contrast of 4.5 to 1, as the Web Content Accessibility Guidelines ask; the charts' axes too."""
    with browser.page(width, height, dark=dark) as opened:
        opened.page.goto(page.as_uri())
        opened.page.evaluate("document.querySelectorAll('details').forEach((each) => (each.open = true))")
        opened.page.evaluate("document.querySelectorAll('#origin dt').forEach((e) => e.append('-of-a-long-name'))")
        draw_all(opened.page)
        names = re.compile("^(ROC curve|Precision and recall|Recall and precision|Reliability) of ")
        assert opened.page.locator(".chart").count() == opened.page.get_by_role("img", name=names).count() == 7
        figures = opened.page.locator("figure svg, figure img, figure .tile")
        assert figures.count() > 8
        for figure in figures.all():
            box = figure.bounding_box()
            assert box is not None
            assert box["width"] >= 28
            assert box["height"] >= 10
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= width
        assert opened.overflow() <= 0
        assert opened.page.evaluate(CUT) == []
        axes, contrast = opened.page.evaluate(CONTRAST)
        assert axes > 4
        assert contrast >= 4.5
        assert opened.hindrances() == []
        opened.page.locator("[data-kind=by_class] path[aria-roledescription=point]").nth(3).hover()
        tooltip = opened.page.locator("#vg-tooltip-element.visible").bounding_box()
        assert tooltip is not None
        assert 0 <= tooltip["x"] <= width - tooltip["width"]
        assert opened.console_errors == []
        assert opened.outside_requests == []


# What reaches beyond the window, though it is not in a part that scrolls by itself.
CUT = """() => [...document.querySelectorAll('main *')]
  .filter((e) => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest('.wide, pre'))
  .map((e) => e.outerHTML.slice(0, 200))"""


CONTRAST = """() => {
  const channel = (c) => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const light = (colour) => {
    const [r, g, b] = colour.match(/[0-9.]+/g).map(Number);
    return 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  };
  const page = light(getComputedStyle(document.body).backgroundColor);
  const words = [...document.querySelectorAll('p, td, th, figcaption, a, summary, h1, h2, h3, dt, dd')];
  const names = /rate|recall|accuracy|confidence/;
  const axes = [...document.querySelectorAll('svg text')].filter((text) => names.test(text.textContent));
  const colours = [...words.map((e) => getComputedStyle(e).color), ...axes.map((t) => getComputedStyle(t).fill)];
  const contrasts = colours.map(light).map((l) => (Math.max(l, page) + 0.05) / (Math.min(l, page) + 0.05));
  return [axes.length, Math.min(...contrasts)];
}"""


def test_an_error_of_zero_and_a_few_points_of_reliability_are_no_more_than_that(project: Path) -> None:
    path = project / "plots/five-sgd/figures.csv"
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    table.loc[(table["part"] == "test") & (table["figure"] == "accuracy"), "high"] = "1.0"
    table.to_csv(path, index=False)
    path = project / "plots/five-sgd/reliability.csv"
    header, *_ = path.read_text().splitlines()
    parts = ["test"] * 4 + ["cross_validation"] * 5
    path.write_text("\n".join([header, *(f"{part},,,20,{i / 10},{i / 10}" for i, part in enumerate(parts))]))
    tiny.run(REPORT, project)
    with browser.page() as opened:
        opened.page.goto((project / "report.html").as_uri())
        expect(opened.page.locator("#best figcaption")).to_contain_text("what is 0\N{NO-BREAK SPACE}% is drawn at")
        chart = opened.page.locator("#five-sgd [data-kind=reliability]")
        draw_all(opened.page.locator("#five-sgd"))
        assert chart.locator("[aria-roledescription=point]").count() == 9
        assert chart.locator("[aria-roledescription='line mark'][stroke-width='2.5']").count() == 1


def test_the_leaderboard_sorts_by_mouse_and_by_keyboard(page: Path) -> None:
    with browser.page(1280, 900) as opened:
        opened.page.goto(page.as_uri())
        names = opened.page.locator("#leaderboard tbody th")
        assert names.all_text_contents() == ["five-sgd", "digit-logreg"]
        opened.page.get_by_role("button", name="experiment").click()
        assert names.all_text_contents() == ["digit-logreg", "five-sgd"]
        opened.page.get_by_role("button", name="test accuracy").focus()
        opened.page.keyboard.press("Enter")
        assert names.all_text_contents() == ["five-sgd", "digit-logreg"]
        heading = opened.page.get_by_role("columnheader", name="test accuracy")
        assert heading.get_attribute("aria-sort") == "descending"
        opened.page.keyboard.press("Enter")
        assert names.all_text_contents() == ["digit-logreg", "five-sgd"]
        assert heading.get_attribute("aria-sort") == "ascending"


def test_the_keyboard_skips_the_menu(page: Path) -> None:
    with browser.page() as opened:
        opened.page.goto(page.as_uri())
        for key in ("Tab", "Enter", "Tab"):
            opened.page.keyboard.press(key)
        expect(opened.page.locator("#best a").first).to_be_focused()


def test_the_menu_leads_to_an_experiment_and_back(page: Path) -> None:
    with browser.page(400, 844) as opened:
        opened.page.goto(page.as_uri())
        body = opened.page.locator("#digit-logreg .figures")
        expect(body).not_to_be_visible()
        opened.page.get_by_text("Experiments", exact=True).click()
        opened.page.locator("nav").get_by_role("link", name="digit-logreg").click()
        expect(body).to_be_visible()
        expect(opened.page.locator("#digit-logreg summary").first).to_be_in_viewport()
        opened.page.get_by_role("link", name="↑ Leaderboard").click()
        expect(opened.page.get_by_role("heading", name="Leaderboard")).to_be_in_viewport()


def test_without_scripts_everything_is_still_there(page: Path) -> None:
    with browser.page(1280, 900, scripts=False) as opened:
        opened.page.goto(page.as_uri())
        assert opened.page.locator("#leaderboard tbody tr").count() == 2
        assert opened.page.locator("#best .row").count() == 2
        assert opened.page.locator(".tile").count() > 2
        assert opened.page.get_by_role("button").count() == 0
        assert "no charts" in opened.page.locator("noscript").inner_text()


def test_the_parts_stand_side_by_side_as_the_predictions_have_them(page: Path, made: Path) -> None:
    """Count the mistakes of both parts anew, and find them in the matrices and the pairs."""
    with browser.page(1280, 900) as opened:
        opened.page.goto(page.as_uri())
        section = opened.page.locator("#five-sgd")
        for i, folder in enumerate(["predictions", "crossval"]):
            table = pq.read_table(made / f"data/{folder}/five-sgd.parquet").to_pandas()
            counts = pd.crosstab(table["label"], table["prediction"]).to_numpy().ravel().tolist()
            cells = section.locator(".matrix").nth(i).locator("tbody td").all_text_contents()
            assert [int(cell.replace("·", "0")) for cell in cells] == counts
            accuracy = section.locator(".measures tbody tr").first.locator("td").nth(i)
            expect(accuracy).to_contain_text(f"{(table['label'] == table['prediction']).mean():.4f}")
        expect(section.locator(".beside")).to_contain_text("folds 0.")
        table = pq.read_table(made / "data/predictions/digit-logreg.parquet").to_pandas()
        confused = table[table["label"] != table["prediction"]].groupby(["label", "prediction"]).size()
        (actual, predicted), times = confused.idxmax(), confused.max()
        first = opened.page.locator("#digit-logreg .pairs li").first
        expect(first).to_contain_text(
            f"{actual} predicted as {predicted}: {times} of {(table['label'] == actual).sum()}"
        )
        assert first.locator(".tile").count() == min(3, times)
        opened.page.evaluate("document.getElementById('digit-logreg').open = true")
        cell = opened.page.get_by_role("button", name=f"{times}: {actual} predicted as {predicted}").first
        cell.focus()
        opened.page.keyboard.press("Enter")
        shown = opened.page.locator("#digit-logreg .shown figure")
        assert shown.count() == min(12, times)
        expect(shown.first).to_contain_text(f"{actual}, predicted {predicted} (")


def test_a_chart_is_drawn_when_seen_in_the_colours_of_the_page_and_tells_what_is_hovered(page: Path) -> None:
    with browser.page(1280, 900) as opened:
        opened.page.goto(page.as_uri())
        section = opened.page.locator("#five-sgd")
        assert opened.page.locator("#digit-logreg svg").count() == 0
        draw_all(section)
        title = section.locator("[data-kind=roc] svg text").filter(has_text="false positive rate")
        light = title.get_attribute("fill")
        points = section.locator("[data-kind=roc] path[aria-roledescription=point]")
        operating = [point for point in points.all() if point.get_attribute("opacity") == "1"]
        assert len(operating) == 2
        colour = "mark => getComputedStyle(mark)"
        marks = [mark.evaluate(f"{colour}.backgroundColor") for mark in section.locator(".key .dot").all()]
        assert marks == [mark.evaluate(f"{colour}.fill") for mark in operating]  # the legend has the chart's marks
        operating[0].scroll_into_view_if_needed()
        operating[0].hover()
        tooltip = opened.page.locator("#vg-tooltip-element.visible")
        words = r"experiment five-sgd class five false positive rate [\d.]+% true positive rate [\d.]+% threshold 0"
        expect(tooltip).to_have_text(re.compile(words.replace(" ", r"\s+")), use_inner_text=True)
        key, value = (tooltip.locator(f"tr:first-child .{each}").bounding_box() for each in ("key", "value"))
        assert key is not None
        assert value is not None
        assert abs(key["y"] - value["y"]) < 2
        assert key["x"] < value["x"]
        opened.page.emulate_media(color_scheme="dark")
        expect(title).not_to_have_attribute("fill", str(light))


def test_charts_that_nobody_has_seen_are_printed(page: Path) -> None:
    with browser.page() as opened:
        opened.page.goto(page.as_uri())
        draw_all(opened.page.locator("#five-sgd"))
        drawn = "() => (window.drawn = document.querySelectorAll('#digit-logreg .chart svg').length)"
        opened.page.evaluate(f"addEventListener('afterprint', {drawn})")
        opened.page.pdf()
        assert opened.page.evaluate("window.drawn") == 4


@pytest.mark.parametrize("width", [390, 1280])
def test_the_images_of_a_count_come_into_sight(page: Path, width: int) -> None:
    with browser.page(width, 844) as opened:
        opened.page.goto(page.as_uri())
        opened.page.evaluate("document.getElementById('digit-logreg').open = true")
        count = opened.page.locator("#digit-logreg .matrix button").first
        count.evaluate("each => each.scrollIntoView({block: 'end'})")
        count.click()
        expect(opened.page.locator("#digit-logreg .shown .tile").first).to_be_in_viewport(ratio=1)


def test_the_leaderboard_is_filtered_by_task_and_by_text(page: Path) -> None:
    with browser.page(1280, 900) as opened:
        opened.page.goto(page.as_uri())
        names = opened.page.locator("#leaderboard tbody tr:visible th")
        opened.page.get_by_label("Task").select_option("five on tiny")
        assert names.all_text_contents() == ["five-sgd"]
        opened.page.get_by_label("Task").select_option("all")
        opened.page.get_by_label("Text").fill("LOGREG")
        assert names.all_text_contents() == ["digit-logreg"]
        expect(opened.page.locator(".filter output")).to_have_text("1 of 2")
        assert "no folds" in opened.page.locator("#leaderboard tbody tr:visible").inner_text()


HOSTILE = ["</script><img src=x onerror=hit=1>", "{{ 1 + 1 }}<b>'\"", "null"]


@pytest.mark.slow
def test_two_experiments_stand_side_by_side_and_a_class_name_is_text(project: Path) -> None:
    values = tiny.params()
    values["datasets"]["tiny"]["names"] = [*HOSTILE, *"defghij"]
    values["tasks"] = {"name": {}}
    block = values["experiments"]["five-sgd"] | {"task": "name"}
    quick = {"features": "raw", "hyperparameters": {"max_iter": 1, "tol": None}}
    values["experiments"] = {"slow-sgd": block, "quick-sgd": block | quick}
    tiny.write_params(project, values)
    tiny.repro(project, "evaluate@slow-sgd", "evaluate@quick-sgd")
    tiny.run(REPORT, project)
    conclusion = tiny.run("digits compare --between slow-sgd quick-sgd", project).stdout.splitlines()[-1]
    one, other = (
        pq.read_table(project / f"data/predictions/{name}.parquet").to_pandas() for name in ("slow-sgd", "quick-sgd")
    )
    was, now = (table["label"] == table["prediction"] for table in (one, other))
    with browser.page(1280, 900) as opened:
        opened.page.goto((project / "report.html").as_uri())
        beside = opened.page.locator("#beside")
        opened.page.get_by_label("From").select_option("slow-sgd")
        opened.page.get_by_role("button", name="Compare").click()
        expect(beside.locator(".result")).to_contain_text(conclusion)
        for words, images in ((f"Fixed by quick-sgd: {(now & ~was).sum()}", now & ~was), ("Broken", was & ~now)):
            side = beside.locator("section").filter(has_text=words)
            rows = [int(text.split()[1]) for text in side.locator("small").all_text_contents()]
            assert len(rows) == min(24, images.sum())
            assert set(rows) <= set(one["row"][images])
        draw_all(beside)
        expect(beside.get_by_role("img", name="ROC curves of slow-sgd and quick-sgd")).to_be_visible()
        assert opened.hindrances() == []
        opened.page.evaluate("document.querySelectorAll('details').forEach((each) => (each.open = true))")
        draw_all(opened.page)
        texts = "".join(opened.page.locator("svg text").all_text_contents())
        assert all(name[:9] in texts for name in HOSTILE)
        assert opened.page.locator('main b:text-is("\'"), img[src=x]').count() == 0
        assert opened.page.evaluate("window.hit") is None
        assert opened.console_errors + opened.outside_requests == []


@pytest.mark.slow
def test_classes_have_their_names_though_no_test_image_is_a_yes(project: Path) -> None:
    values = tiny.params()
    values["datasets"]["tiny"]["names"] = [*"abcd", "four", "five", "six", "seven", "null", "nine"]
    values["splits"]["tiny"]["test"] = 2  # a 9 and a 4
    values["tasks"] = {"five": {"positive": ["five"]}, "name": {}}
    values["experiments"]["name-logreg"] = values["experiments"].pop("digit-logreg") | {"task": "name"}
    tiny.write_params(project, values)
    tiny.repro(project, "evaluate@five-sgd", "evaluate@name-logreg")
    tiny.run(REPORT, project)
    text = re.sub('data:image[^"]*', "", (project / "report.html").read_text(encoding="utf-8"))
    assert not re.search("digit", text, re.IGNORECASE)
    assert "It predicts yes for five, and no for\nall other classes of the dataset tiny." in text
    assert '<th scope="row">area under the ROC curve</th><td class="number">–</td>' in text
    assert "<b>null</b>" in text
    assert re.search(r"<b>(\w+) predicted as (?!\1)\w+: ", text)

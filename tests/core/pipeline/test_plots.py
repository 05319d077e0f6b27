"""The page of `dvc plots diff`: what Vega is given to draw, and what is read where Vega cannot be loaded."""

import json
import re
from pathlib import Path
from typing import Any

from tests import browser, tiny

import pytest

# DVC gives an empty specification where no file of a plot is here.
VEGA_STUB = "window.specs = {}; window.vegaEmbed = (id, spec) => { if (spec.title) specs[spec.title.text] = spec; };"
CURVES = ["ROC curve", "precision and recall", "reliability"]
COMPUTED = r'"as": "(\w+)"'
Spec = dict[str, Any]


@pytest.fixture(scope="module")
def page(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the page that compares the made project with its last commit."""
    path = tmp_path_factory.mktemp("plots")
    tiny.run(["dvc", "plots", "diff", "HEAD", "--out", str(path)], made)
    return path / "index.html"


@pytest.fixture(scope="module")
def specs(page: Path) -> dict[str, Spec]:
    """Return what the page has Vega draw, by title."""
    with browser.page() as opened:
        opened.page.route(re.compile("^https:"), lambda route: route.fulfill(body=VEGA_STUB))
        opened.page.goto(page.as_uri())
        assert not opened.page.locator("#offline").is_visible()
        assert opened.console_errors == []
        return dict(opened.page.evaluate("specs"))


def fields(spec: Any) -> set[str]:
    """Return every field that a specification names, however deep, but in its data."""
    if not isinstance(spec, dict | list):
        return set()
    inner = [value for key, value in spec.items() if key != "data"] if isinstance(spec, dict) else spec
    found = {spec["field"]} if isinstance(spec, dict) and "field" in spec else set()
    return found.union(*(fields(each) for each in inner))


def test_each_experiment_has_its_plots_and_a_colour_for_each_revision(specs: dict[str, Spec]) -> None:
    for experiment in tiny.params()["experiments"]:
        for plot in ["each class", *CURVES]:
            spec = specs[f"{experiment}, {plot}"]
            drawn = spec["spec"]["layer"][-1] if "layer" in spec["spec"] else spec["spec"]
            colour = drawn["encoding"]["color"]
            assert (colour["field"], colour["scale"]["domain"]) == ("rev", ["workspace", "HEAD"])
            assert len(set(colour["scale"]["range"])) == 2
            assert {row["rev"] for row in spec["data"]["values"]} == {"workspace", "HEAD"}
        assert specs[f"{experiment}, confusion matrix"]["facet"]["column"]["field"] == "rev"


def test_a_plot_names_no_field_that_is_not_there(specs: dict[str, Spec]) -> None:
    for title, spec in specs.items():
        there = set(spec["data"]["values"][0]) | set(re.findall(COMPUTED, json.dumps(spec)))
        assert fields(spec) <= there, title
        assert "<DVC" not in json.dumps(spec)


def test_of_several_classes_the_mean_stands_out(specs: dict[str, Spec]) -> None:
    for plot in CURVES[:2]:
        spec = specs[f"digit-logreg, {plot}"]
        assert {row["class"] for row in spec["data"]["values"]} == {*map(str, range(10)), "all"}
        for channel, least in (("opacity", 0.5), ("strokeWidth", 1.5)):
            encoding = spec["spec"]["encoding"][channel]
            assert encoding["condition"]["value"] >= 2 * encoding["value"]
            assert encoding["value"] < least


def test_reliability_has_its_diagonal(specs: dict[str, Spec]) -> None:
    diagonal, points = specs["five-sgd, reliability"]["spec"]["layer"]
    assert [tuple(end.values()) for end in diagonal["data"]["values"]] == [(0, 0), (1, 1)]
    for axis in ("x", "y"):
        assert diagonal["encoding"][axis]["field"] == points["encoding"][axis]["field"]
    assert points["encoding"]["x"]["scale"] == points["encoding"]["y"]["scale"]
    assert "color" not in diagonal["encoding"]  # one line for all revisions


def test_the_experiments_of_a_task_lie_over_each_other(project: Path) -> None:
    table = project / "plots/five-sgd/roc.csv"
    champion = project / "plots/five-champion/roc.csv"
    champion.parent.mkdir()
    champion.write_bytes(table.read_bytes())
    shown = tiny.run(["dvc", "plots", "show", "five on mnist", "--show-vega"], project).stdout
    spec = json.loads(shown)
    assert {row["filename"] for row in spec["data"]["values"]} == {"five-sgd/roc.csv", "five-champion/roc.csv"}
    assert spec["spec"]["encoding"]["color"]["field"] == "experiment"


def test_without_a_network_the_page_says_what_to_do(page: Path) -> None:
    with browser.page() as opened:
        opened.page.goto(page.as_uri())
        assert "make report" in opened.page.locator("#offline:visible").inner_text()
        assert not [error for error in opened.console_errors if "Failed to load resource" not in error]

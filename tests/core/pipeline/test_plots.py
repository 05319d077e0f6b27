"""The page of `dvc plots diff`: what Vega is given to draw, and what is read where Vega cannot be loaded."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

from tests import browser, tiny

import pytest
import yaml

# DVC gives an empty specification where no file of a plot is here.
VEGA_STUB = "window.specs = {}; window.vegaEmbed = (id, spec) => { if (spec.title) specs[spec.title.text] = spec; };"
CURVES = ["ROC curve", "precision and recall", "reliability"]
COMPUTED = r'"as": "(\w+)"'
Spec = dict[str, Any]


def fields(spec: Any) -> set[str]:
    """Return every field that a specification names, however deep, but in its data."""
    if not isinstance(spec, dict | list):
        return set()
    inner = [value for key, value in spec.items() if key != "data"] if isinstance(spec, dict) else spec
    found = {spec["field"]} if isinstance(spec, dict) and "field" in spec else set()
    return found.union(*(fields(each) for each in inner))


@pytest.mark.slow
def test_the_page_draws_each_experiment_with_a_colour_for_each_revision(made: Path, tmp_path: Path) -> None:
    tiny.run(["dvc", "plots", "diff", "HEAD", "--out", str(tmp_path)], made)
    with browser.page() as opened:  # without a network
        opened.page.goto((tmp_path / "index.html").as_uri())
        assert "make report" in opened.page.locator("#offline:visible").inner_text()
        assert not [error for error in opened.console_errors if "Failed to load resource" not in error]
    with browser.page() as opened:
        opened.page.route(re.compile("^https:"), lambda route: route.fulfill(body=VEGA_STUB))
        opened.page.goto((tmp_path / "index.html").as_uri())
        assert not opened.page.locator("#offline").is_visible()
        assert opened.console_errors == []
        specs: dict[str, Spec] = opened.page.evaluate("specs")

    for title, spec in specs.items():
        there = set(spec["data"]["values"][0]) | set(re.findall(COMPUTED, json.dumps(spec)))
        assert fields(spec) <= there, title  # a plot names no field that is not there
        assert "<DVC" not in json.dumps(spec)
    for experiment in tiny.params()["experiments"]:
        for plot in ["each class", *CURVES]:
            spec = specs[f"{experiment}, {plot}"]
            drawn = spec["spec"]["layer"][-1] if "layer" in spec["spec"] else spec["spec"]
            colour = drawn["encoding"]["color"]
            assert (colour["field"], colour["scale"]["domain"]) == ("rev", ["workspace", "HEAD"])
            assert len(set(colour["scale"]["range"])) == 2
            assert {row["rev"] for row in spec["data"]["values"]} == {"workspace", "HEAD"}
        assert specs[f"{experiment}, confusion matrix"]["facet"]["column"]["field"] == "rev"


def test_the_experiments_of_a_task_lie_over_each_other(project: Path) -> None:
    overlays = yaml.safe_load((project / "dvc.yaml").read_text(encoding="utf-8")).get("plots", [])
    for title, overlay in [pair for each in overlays for pair in each.items()][:1]:
        for path in overlay["y"]:
            (project / path).parent.mkdir(exist_ok=True)
            shutil.copy(project / "plots/five-sgd/roc.csv", project / path)
        spec = json.loads(tiny.run(["dvc", "plots", "show", title, "--show-vega"], project).stdout)
        assert {f"plots/{row['filename']}" for row in spec["data"]["values"]} == set(overlay["y"])
        assert spec["spec"]["encoding"]["color"]["field"] == "experiment"

"""The page of `dvc plots`, and what a pull request says of a branch."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

from tests import browser, tiny

import pandas as pd
import pytest
import yaml
from playwright.sync_api import Page

WITH_VEGA = ["digits", "setup"]
PLOTS = ["each class", "confusion matrix", "ROC curve", "precision and recall", "reliability"]
COMPUTED = r'"as": "(\w+)"'
HOSTILE = ["</script><img src=x onerror=hit=1>", "</plaintext></template>\"'><svg onload=hit=2>", "{refresh_tag}<b>"]
Spec = dict[str, Any]


def fields(spec: Any) -> set[str]:
    """Return every field that a specification names, however deep, but in its data."""
    if not isinstance(spec, dict | list):
        return set()
    inner = [value for key, value in spec.items() if key != "data"] if isinstance(spec, dict) else spec
    found = {spec["field"]} if isinstance(spec, dict) and "field" in spec else set()
    return found.union(*(fields(each) for each in inner))


def draw_all(page: Page) -> list[str]:
    """Scroll from chart to chart until all are drawn, and return the texts in them."""
    for place in page.locator(".chart:visible").all():
        place.scroll_into_view_if_needed()
        place.locator("svg").first.wait_for()
    return page.locator(".chart svg text").all_text_contents()


@pytest.fixture(scope="module")
def changed(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project the last commit of which has another hyperparameter than the one before."""
    project = tiny.copy(made, tmp_path_factory.mktemp("changed") / "project")
    tiny.edit(project, {"experiments.five-sgd.hyperparameters.max_iter": 1})
    tiny.repro(project, "evaluate@five-sgd")
    tiny.commit(project, "one iteration")
    tiny.run(WITH_VEGA, project)
    return project


def test_a_diff_shows_only_what_changed_by_experiment_without_a_network(changed: Path) -> None:
    tiny.run(["dvc", "plots", "diff", "HEAD~1"], changed)
    overlays = (changed / "dvc.yaml").read_text(encoding="utf-8").count("five on mnist")  # a started project has none
    with browser.page() as opened:
        opened.page.goto((changed / "dvc_plots/index.html").as_uri())
        texts = draw_all(opened.page)
        assert opened.page.locator("nav a").all_inner_texts() == overlays * ["five on mnist"] + ["five-sgd (five)"]
        assert opened.page.locator("h3").all_inner_texts() == overlays * ["ROC curves"] + PLOTS
        assert {"five", "not five", "workspace", "HEAD~1"} <= set(texts)
        assert opened.page.locator("path[stroke-dasharray='6,5']").count() >= 4  # one revision's curves
        assert opened.console_errors + opened.outside_requests == []
    with browser.page(390, 844, dark=True) as opened:
        opened.page.goto((changed / "dvc_plots/index.html").as_uri())
        draw_all(opened.page)
        assert opened.overflow() == 0
        assert opened.page.locator(".chart").evaluate_all("all => all.every(e => e.scrollWidth <= e.clientWidth)")


@pytest.mark.slow
def test_a_pull_request_says_what_changed_with_a_remote_and_without(changed: Path) -> None:
    clone = changed.with_name("clone")
    tiny.run(["git", "clone", "--quiet", str(changed), str(clone)], changed)
    comment = tiny.run([".ci/changes", "HEAD~1"], clone).stdout
    assert re.search(r"metrics/five-sgd.json +\| accuracy +\| [\d.]+ +\| [\d.]+ +\| ", comment)
    assert re.search(r"experiments.five-sgd.hyperparameters.max_iter +\| 50 +\| 1 ", comment)
    assert "### Charts\n\n- five-sgd\n" in comment
    assert "A remote that CI can read" in comment
    assert "rror" not in comment
    assert (clone / "dvc_plots/index.html").exists()

    tiny.run(["dvc", "remote", "modify", "--local", "shared", "url", str(changed / ".dvc/cache")], clone)
    comment = tiny.run([".ci/changes", "HEAD~1"], clone).stdout
    assert re.search(r"\| five-sgd +\| +100 \|", comment)
    assert "A remote" not in comment


def test_a_class_name_is_text_in_the_page(project: Path) -> None:
    for name in ("confusion", "figures"):
        path = project / f"plots/digit-logreg/{name}.csv"
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
        classes = table.columns.intersection(["actual", "predicted", "of"])
        table[classes] = table[classes].replace(dict(zip("012", HOSTILE, strict=True)))
        table.to_csv(path, index=False)
    tiny.run(WITH_VEGA, project)
    tiny.run(["dvc", "plots", "show", "plots/digit-logreg"], project)
    with browser.page() as opened:
        opened.page.goto((project / "dvc_plots/index.html").as_uri())
        texts = "".join(draw_all(opened.page))
        assert opened.page.evaluate("window.hit") is None
        assert opened.page.locator("main img, main b").count() == 0
        assert opened.console_errors == []
        assert all(text.replace("{refresh_tag}", "")[:9] in texts for text in HOSTILE)


def test_without_vega_the_page_says_what_draws_it(made: Path, tmp_path: Path) -> None:
    tiny.run(["dvc", "plots", "show", "plots/five-sgd", "--out", str(tmp_path)], made)
    with browser.page() as opened:
        opened.page.goto((tmp_path / "index.html").as_uri())
        assert "make venv" in opened.page.locator("#offline:visible").inner_text()
        assert opened.page.locator("h3").count() == 5
        assert not [error for error in opened.console_errors if "Failed to load resource" not in error]


def test_a_plot_names_no_field_that_is_not_there(made: Path) -> None:
    drawn = json.loads(tiny.run(["dvc", "plots", "diff", "HEAD", "--json"], made).stdout)["data"]
    specs = [each["content"] for charts in drawn.values() for each in charts]
    assert len(specs) >= 10
    for spec in specs:
        assert fields(spec) <= set(spec["data"]["values"][0]) | set(re.findall(COMPUTED, json.dumps(spec)))
        assert "<DVC" not in json.dumps(spec)


def test_the_experiments_of_a_task_lie_over_each_other(project: Path) -> None:
    overlays = yaml.safe_load((project / "dvc.yaml").read_text(encoding="utf-8")).get("plots", [])
    for title, overlay in [pair for each in overlays for pair in each.items()][:1]:
        for path in overlay["y"]:
            (project / path).parent.mkdir(exist_ok=True)
            shutil.copy(project / "plots/five-sgd/roc.csv", project / path)
        spec = json.loads(tiny.run(["dvc", "plots", "show", title, "--show-vega"], project).stdout)
        assert {f"plots/{row['filename']}" for row in spec["data"]["values"]} == set(overlay["y"])
        assert spec["spec"]["encoding"]["color"]["field"] == "experiment"

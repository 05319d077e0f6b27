"""The page of `dvc plots show`, which draws the same charts as the report."""

import re
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import expect

from digits_report import charts
from tests.helpers import browser, tiny


@pytest.mark.usefixtures("report")  # it bundles Vega
def test_the_page_of_dvc_shows_the_corner_of_the_report_and_no_holes(project: Path) -> None:
    tiny.run_dvc("plots show", project)
    path = project / "dvc_plots/index.html"
    # Charts are drawn when they are seen.
    with browser.page(viewport={"width": 1280, "height": 6000}) as opened:
        page = opened.page
        page.goto(path.as_uri())
        expect(page.locator("#offline")).to_be_visible()
        assert page.locator("details, h3").count() == 0  # nothing stands above an empty place

        # Vega comes from the internet. Put the report's in its place.
        [vega] = (project / ".dvc/tmp").glob("vega-*.js")
        script = f'<script type="module">{vega.read_text(encoding="utf-8")}</script>'
        text = re.sub('<script src="https://.*', "", path.read_text(encoding="utf-8"))
        start, end = text.split('<p id="shown">')
        path.write_text(f'{start}{script}<p id="shown">{end}', encoding="utf-8")
        page.goto(path.as_uri())
        model = page.locator("details").filter(has_text="digit-logreg (digit)")
        model.evaluate("element => (element.open = true)")
        _, confusion, roc, *_ = model.locator(".chart").all()
        for chart in [confusion, roc]:
            chart.locator("svg").wait_for()
        texts = roc.locator("text").all_text_contents()
        assert "workspace" in texts  # the legend
        assert "rev" not in texts
        curves = pd.read_csv(project / "plots/digit-logreg/roc.csv")
        side = charts.find_corner(curves, charts.BEST["roc"])
        assert side < 1
        assert f"{100 * (1 - side):.0f}%" in texts
        assert confusion.locator("text[font-size='12px']").count() >= 10  # of ten classes

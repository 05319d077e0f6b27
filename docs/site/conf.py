"""How Sphinx builds the site (`make site`): the Markdown pages, with navigation and search.

A dead link, a dead anchor or a page without a place in the navigation fails the build. No page
asks another server for anything: fonts are the system's, and Mermaid's diagrams are drawn here.
"""

import hashlib
import re
import shutil
from pathlib import Path
from typing import Any

import mermaidx
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform

ROOT = Path(__file__).parents[2]

# The navigation. A page that was deleted with its optional component is left out.
NAVIGATION = {
    "Learn": [
        "docs/pipeline",
        "docs/read-the-code",
        "docs/tutorials",
        "docs/tutorials-code",
        "packages/digits-handwriting/docs/handwriting",
        "docs/benchmarks",
    ],
    "Build your own": [
        "docs/new-project",
        "packages/image-layouts/docs/your-own",
        "docs/team",
        "docs/extending",
        "packages/picture-networks/docs/network",
        "docs/troubleshooting",
    ],
    "Reference": [
        "docs/reference/cli",
        "docs/reference/params",
        "docs/reference/python",
        "packages/image-layouts/docs/layout",
        "packages/dvc-parallel/README",
        "packages/digits-handwriting/README",
        "packages/digits-report/README",
        "packages/image-layouts/README",
        "packages/picture-networks/README",
    ],
    "Project": [
        "CONTRIBUTING",
        "SECURITY",
        "CHANGELOG",
    ],
}

project = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()[0].removeprefix("# ")
extensions = ["myst_parser"]
myst_heading_anchors = 4  # headings of this level, too, have the anchors that GitHub gives them
root_doc = "README"
suppress_warnings = ["misc.highlighting_failure"]  # a block may be a part of a file
include_patterns = [
    "*.md",
    "docs/*.md",
    "docs/reference/*.md",
    "packages/*/README.md",
    "packages/*/docs/*.md",
]
templates_path = ["templates"]

html_theme = "furo"
html_title = project
html_static_path = ["static"]
html_css_files = ["site.css"]
# The report is missing if the package digits-report was deleted.
REPORTS = list(ROOT.glob("report.html"))
# The address of the site, which leads to its first page, and the report.
html_extra_path = ["index.html", *map(str, REPORTS)]
html_copy_source = False
html_show_sphinx = False
html_sidebars = {
    "**": [
        "sidebar/brand.html",
        "sidebar/search.html",
        "sidebar/scroll-start.html",
        "sidebar/navigation.html",
        *(["report-link.html"] if REPORTS else []),
        "sidebar/scroll-end.html",
    ]
}
# A style for each mode, whose contrast is at least 4.5 to 1.
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"


def add_navigation(_app: Sphinx, docname: str, source: list[str]) -> None:
    """Add the navigation to the README, which is the first page.

    Links to GitHub's pages about the repository, such as the badge of CI, are left out.
    """
    if docname != root_doc:
        return
    source[0] = re.sub(r'<a href="\.\./\.\..*</a>', "", source[0])
    for caption, pages in NAVIGATION.items():
        lines = ["```{toctree}", ":hidden:", f":caption: {caption}", "", *pages, "```"]
        source[0] += "\n" + "\n".join(lines) + "\n"


def copy_pictures(app: Sphinx, exception: Exception | None) -> None:
    """Copy the pictures in HTML, of which Sphinx knows nothing."""
    if exception is None:
        folder = Path("docs/pictures")
        shutil.copytree(ROOT / folder, Path(app.outdir) / folder, dirs_exist_ok=True)


class DrawDiagrams(SphinxTransform):
    """Replace each block of Mermaid by the diagram, as an SVG in the page."""

    default_priority = 100

    def apply(self, **_: Any) -> None:
        """Draw the diagrams of a page."""
        for block in list(self.document.findall(nodes.literal_block)):
            if block.get("language") == "mermaid":
                text = block.astext()
                svg = mermaidx.render(text, theme="neutral").svg()
                # The name of the SVG, to which its styles apply, must be unique on the page.
                name = "diagram-" + hashlib.sha256(text.encode()).hexdigest()[:8]
                html = f'<div class="diagram" tabindex="0">{svg.replace("my-svg", name)}</div>'
                block.replace_self(nodes.raw("", html, format="html"))


def help_screen_readers(_app: Sphinx, *page: Any) -> None:
    """Add what the theme lacks: the level of the navigation's captions, and focus.

    Without focus, nobody can scroll a wide block of code or table with the keyboard.
    """
    _, _, context, _ = page
    tree = context.get("furo_navigation_tree", "")
    context["furo_navigation_tree"] = tree.replace(
        'role="heading"', 'role="heading" aria-level="2"'
    )
    body = context.get("body", "").replace("<pre>", '<pre tabindex="0">')
    table = '<div class="table-wrapper'
    context["body"] = body.replace(table, table.replace("<div", '<div tabindex="0"'))


def setup(app: Sphinx) -> None:
    """Connect the functions above."""
    app.connect("source-read", add_navigation)
    app.connect("build-finished", copy_pictures)
    app.add_transform(DrawDiagrams)
    app.connect("html-page-context", help_screen_readers, priority=900)  # after the theme

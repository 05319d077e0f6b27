"""The page of `dvc plots`, with Vega inside: its charts are drawn without a network, and in any folder."""

from pathlib import Path

TEMPLATE = Path(".dvc", "plots", "page.html")
SCRIPTS = "{scripts}"  # for which DVC writes the addresses that Vega is loaded from


def write_template() -> None:
    """Write page.local.html beside the page's template, and let DVC in this clone use it. Takes seconds."""
    import vl_convert
    from dvc.config import Config

    vega = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    page = TEMPLATE.read_text(encoding="utf-8").replace(SCRIPTS, f'<script type="module">{vega}</script>')
    path = TEMPLATE.with_suffix(".local.html")
    path.write_text(page, encoding="utf-8")
    with Config(str(TEMPLATE.parts[0])).edit("local") as config:
        config["plots"]["html_template"] = path.relative_to(TEMPLATE.parts[0]).as_posix()


if __name__ == "__main__":
    write_template()

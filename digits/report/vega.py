"""Provide Vega as a script, for pages that draw their charts without a network."""

from importlib.metadata import version
from pathlib import Path


def vega_script() -> str:
    """Return Vega, Vega-Lite and Vega-Embed as one script, which sets `window.vegaEmbed`.

    It takes seconds to bundle the script, so a copy is kept for each version of vl-convert.
    """
    path = Path(f".dvc/tmp/vega-{version('vl-convert-python')}.js")
    if not path.exists():
        import vl_convert  # slow to import

        script = vl_convert.javascript_bundle()  # type: ignore[call-arg]  # a wrong stub
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(script, encoding="utf-8")
    return path.read_text(encoding="utf-8")

"""Vega, Vega-Lite and Vega-Embed as one script, for pages that draw their charts without a network."""

from importlib.metadata import version
from pathlib import Path


def script() -> str:
    """Return the script, which sets `window.vegaEmbed`. It is bundled once for a version, which takes seconds."""
    path = Path(".dvc", "tmp", f"vega-{version('vl-convert-python')}.js")
    if not path.exists():
        import vl_convert

        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(vl_convert.javascript_bundle(), encoding="utf-8")  # type: ignore[call-arg]  # a wrong stub
    return path.read_text(encoding="utf-8")

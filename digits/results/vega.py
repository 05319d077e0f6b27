"""Vega, Vega-Lite and Vega-Embed as one script, for pages that draw their charts without a network."""

from importlib.metadata import version
from pathlib import Path

from digits.io import files


def script() -> str:
    """Return the script, which sets `window.vegaEmbed`. It is bundled once for a version, which takes seconds."""
    path = Path(".dvc", "tmp", f"vega-{version('vl-convert-python')}.js")
    if not path.exists():
        import vl_convert

        files.write_text(path, vl_convert.javascript_bundle())  # type: ignore[call-arg]  # its stub wants the argument
    return path.read_text(encoding="utf-8")

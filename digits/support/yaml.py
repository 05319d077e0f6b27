"""YAML, read by the parser that DVC uses, so that both see the same values."""

import re
from pathlib import Path
from typing import Any

from digits.support.errors import ParameterError

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError


def read(path: Path) -> dict[str, Any]:
    """Read a file of named sections.

    Raises:
        ParameterError: it is missing, not UTF-8, not YAML, or not a mapping.
    """
    try:
        text = path.read_text(encoding="utf-8")
        if marker := re.search(r"^(<{7}|={7}|>{7})", text, re.MULTILINE):
            line = text.count("\n", 0, marker.start()) + 1
            raise ParameterError(f"{path}, line {line}: {marker[0]} is left of a merge; resolve the conflict")
        values = YAML(typ="safe").load(text)
    except FileNotFoundError:
        raise ParameterError(f"{path} is not here; run from the folder that holds it") from None
    except MarkedYAMLError as error:
        mark = error.problem_mark
        place = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise ParameterError(f"{path}{place}: {error.problem or error.context}") from None
    except (YAMLError, ValueError, ArithmeticError) as error:  # not UTF-8; dates and numbers that are none
        raise ParameterError(f"{path}: {' '.join(str(error).split())}") from None
    if not isinstance(values, dict):
        raise ParameterError(f"{path} must hold named sections such as `experiments:`")
    return values

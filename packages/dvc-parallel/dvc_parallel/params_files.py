"""Parse each file of parameters once, and not once for each stage that reads it.

Many stages usually read the same params.yaml. DVC parses it several times per stage, which
takes most of the time of a run without work.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

import dvc.dependency.param
from dvc.dependency.param import read_param_file
from dvc.utils.serialize import PARSERS, load_path


@contextmanager
def patch_dvc() -> Iterator[None]:
    """Replace two functions of DVC by those of this module, during a `with` block."""
    dvc.dependency.param.load_path = load_once
    dvc.dependency.param.read_param_file = look_up_params
    try:
        yield
    finally:
        dvc.dependency.param.load_path = load_path
        dvc.dependency.param.read_param_file = read_param_file


def load_once(path: str, fs: Any, **options: Any) -> Any:
    """Return the content of a file, as the function `load_path` of DVC does.

    A file is parsed again only if its text has changed.

    Args:
        path: the path of the file.
        fs: the file system of DVC that it is on.
        options: the options of that function.

    Raises:
        DvcException: the file cannot be parsed.
    """
    if options or fs.protocol != "local":
        return load_path(path, fs, **options)
    try:
        text = Path(path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return load_path(path, fs)  # DVC has a message for it
    return parse(path, text)


@cache
def parse(path: str, text: str) -> Any:
    """Return the content of a file of parameters from its text."""
    return PARSERS[Path(path).suffix.lower()](text, path)


def look_up_params(
    fs: Any,
    path: str,
    key_paths: list[str] | None = None,
    flatten: bool = False,
    **options: Any,
) -> Any:
    """Return parameters of a file, as the function `read_param_file` of DVC does.

    DVC compares each parameter that it looks for with all parameters of the file. Here, the
    parameter is looked up in the dictionaries of the file.
    """
    if flatten and key_paths:
        content = load_once(path, fs, **options)
        with suppress(KeyError):
            return {key_path: look_up(content, key_path) for key_path in key_paths}
    return read_param_file(fs, path, key_paths, flatten, **options)


def look_up(content: Any, key_path: str) -> Any:
    """Return the parameter with a path such as `train.seed`.

    Raises:
        KeyError: there is no such parameter, or it is in a list, which only DVC searches.
    """
    for key in key_path.split("."):
        if not isinstance(content, dict):
            raise KeyError(key_path)
        content = content[key]
    return content

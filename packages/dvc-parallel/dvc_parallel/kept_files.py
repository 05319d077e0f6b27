"""Files of parameters, which DVC parses again for each stage that reads them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import dvc.dependency.param
from dvc.dependency.param import read_param_file
from dvc.utils.serialize import PARSERS, load_path


class KeptFiles:
    """Parsed files, each of which is kept as long as its text is the same."""

    def __init__(self) -> None:
        """Keep nothing yet."""
        self._texts: dict[str, str] = {}
        self._contents: dict[str, Any] = {}

    @contextmanager
    def spare_dvc(self) -> Iterator[None]:
        """Let DVC read parameters by the methods of this object, which are quicker."""
        dvc.dependency.param.load_path = self.load
        dvc.dependency.param.read_param_file = self.read_param_file
        try:
            yield
        finally:
            dvc.dependency.param.load_path = load_path
            dvc.dependency.param.read_param_file = read_param_file

    def load(self, path: str, fs: Any, **options: Any) -> Any:
        """Return the content of a file as DVC's `load_path` does.

        Args:
            path: the path of the file.
            fs: the file system of DVC that it is on.
            options: those of `load_path`.

        Raises:
            DvcException: the file cannot be parsed.
        """
        if options or fs.protocol != "local":
            return load_path(path, fs, **options)
        try:
            text = Path(path).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            return load_path(path, fs)  # DVC has a message for it
        if self._texts.get(path) != text:
            self._contents[path] = PARSERS[Path(path).suffix.lower()](text, path)
            self._texts[path] = text
        return self._contents[path]

    def read_param_file(
        self,
        fs: Any,
        path: str,
        key_paths: list[str] | None = None,
        flatten: bool = False,
        **options: Any,
    ) -> Any:
        """Return parameters of a file as DVC's `read_param_file` does.

        DVC compares each parameter that it looks for with all parameters of the file.
        """
        if flatten and key_paths:
            content = self.load(path, fs, **options)
            with suppress(KeyError):
                return {key_path: look_up(content, key_path) for key_path in key_paths}
        return read_param_file(fs, path, key_paths, flatten, **options)


def look_up(content: Any, key_path: str) -> Any:
    """Return the parameter with a path such as `train.seed`.

    Raises:
        KeyError: it is not there, or DVC must look for it, because it is in a list.
    """
    for key in key_path.split("."):
        if not isinstance(content, dict):
            raise KeyError(key_path)
        content = content[key]
    return content

"""Write DVC's configuration. DVC's own writer refuses paths with letters such as ü."""

from pathlib import Path

from configobj import ConfigObj


def write_url(file: Path, remote: str, url: Path) -> None:
    """Write the URL of a remote, with the quotes that it needs, and keep all else.

    Args:
        file: such as .dvc/config. It need not exist.
        remote: the name of the remote.
        url: a folder. If it is relative, it is so to the folder of the file.
    """
    config = ConfigObj(str(file), encoding="utf-8", interpolation=False)
    config.setdefault(f'remote "{remote}"', {})["url"] = str(url)
    config.write()

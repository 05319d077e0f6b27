"""Run all stages one after the other in this one process. DVC only gives their order.

Give a pattern, such as 'small-*', to run only the stages that these models need.
"""

import sys
from importlib import import_module
from pathlib import Path

from bench import measuring


def main(*patterns: str) -> None:
    """Run the command of each stage of dvc.yaml, such as `python -m stages.fetch mnist`."""
    for command in measuring.list_commands(Path(), *patterns):
        _python, _m, module_name, entry_name = command.split()
        stage = import_module(module_name)
        stage.main([entry_name], standalone_mode=False)


if __name__ == "__main__":
    main(*sys.argv[1:])

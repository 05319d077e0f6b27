"""Run all stages one after the other in this one process, without DVC."""

from importlib import import_module
from pathlib import Path

from bench import measuring

if __name__ == "__main__":
    for kind, command in measuring.stages(Path()):
        import_module(f"stages.{kind}").main(command.split()[-1:], standalone_mode=False)

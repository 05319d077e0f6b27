"""Put `stages/` on the path, so that a benchmark finds what the stages share: `import stages_path` before it."""

import sys
from pathlib import Path

sys.path.insert(1, str(Path(__file__).resolve().parent.parent / "stages"))

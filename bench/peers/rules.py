"""Print the pipeline's rules for make, and write each stage's parameters to a file that changes only when they do."""

from pathlib import Path

from bench.peers.dag import stages

FOLDER = Path(".parameters")
FOLDER.mkdir(exist_ok=True)
outputs = []
for stage in stages():
    parameters = FOLDER / f"{stage.kind}-{stage.name}.json"
    if not parameters.exists() or parameters.read_text(encoding="utf-8") != stage.parameters:
        parameters.write_text(stage.parameters, encoding="utf-8")
    inputs = [*stage.inputs, *stage.code, str(parameters)]
    print(f"{' '.join(stage.outputs)} &: {' '.join(inputs)}\n\t{stage.command}\n")
    outputs += stage.outputs
print(f"all: {' '.join(outputs)}")

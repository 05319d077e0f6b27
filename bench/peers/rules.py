"""Write the pipeline's rules for make from params.yaml, and its blocks into files that change only when they do."""

import json
from pathlib import Path
from typing import Any

import yaml

values = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))
seed = values["seed"]
blocks = yaml.safe_load(Path("dvc.yaml").read_text(encoding="utf-8"))["stages"]
stages = {name: block.get("do", block) for name, block in blocks.items()}


def block(name: str, content: Any) -> str:
    """Write a block of parameters, unless it stands there already, and return its path."""
    path, text = Path(".blocks", f"{name}.json"), json.dumps(content)
    path.parent.mkdir(exist_ok=True)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")
    return str(path)


def rule(outputs: list[str], inputs: list[str], command: str) -> None:
    """Print a rule whose command makes all of its outputs at once; dvc.yaml names the code that it depends on."""
    kind = command.partition(".")[0]
    paths = [Path(path) for path in stages[kind]["deps"] if path.startswith("stages/")]
    files = sorted(str(file) for path in paths for file in ([path] if path.suffix else path.glob("*.*")))
    print(f"{' '.join(outputs)} &: {' '.join([*inputs, *files])}\n\tpython stages/{command}\n")


for name, content in values["datasets"].items():
    raw = f"data/raw/{name}.parquet"
    rule([raw], [block(f"dataset-{name}", content)], f"fetch.py {name} {raw}")
tasks = block("tasks", values["tasks"])
for name, content in values["splits"].items():
    raw = f"data/raw/{content['dataset']}.parquet"
    parts = [f"data/split/{name}/{part}.parquet" for part in ("train", "test")]
    inputs = [raw, block(f"split-{name}", [seed, content])]
    rule(parts, inputs, f"split.py {name} {raw} {' '.join(parts)}")
    labels = [f"data/labels/{name}/{task}/{part}.parquet" for task in values["tasks"] for part in ("train", "test")]
    rule(labels, [*parts, tasks], f"binarize.py {' '.join(parts)} data/labels/{name}")
for name, content in values["experiments"].items():
    parts = [f"data/split/{content['split']}/{part}.parquet" for part in ("train", "test")]
    folder = f"data/labels/{content['split']}/{content['task']}"
    labels = [f"{folder}/{part}.parquet" for part in ("train", "test")]
    made = [f"models/{name}.joblib", f"data/crossval/{name}.parquet"]
    keys = [key.rpartition(".")[2] for key in stages["train"]["params"]]
    trained_by = block(f"experiment-{name}", [seed, [content.get(key) for key in keys]])
    command = f"train.py {name} {parts[0]} {folder} {' '.join(made)}"
    rule(made, [parts[0], labels[0], trained_by], command)
    measured = [f"metrics/{name}.json", f"data/predictions/{name}.parquet"]
    rule(
        measured,
        [*made, *parts, *labels],
        f"evaluate.py {made[0]} {' '.join(parts)} {folder} {made[1]} metrics/{name}.json plots/{name} {measured[1]}",
    )
inputs = [f"metrics/{name}.json" for name in values["experiments"]]
inputs += [f"data/raw/{name}.parquet" for name in values["datasets"]]
inputs += [block("report", [seed, values["splits"], values["experiments"]]), "requirements.lock"]
command = "report.py metrics plots data/predictions data/raw models requirements.lock report.html"
rule(["report.html"], inputs, command)

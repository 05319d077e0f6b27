"""Random projects, after random edits and with random options, are as after `dvc repro`."""

import shlex
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml

from dvc_projects import list_cache, make_two, read_files, repro, run_dvc, try_dvc

N_QUICK = 1  # the projects of `make test`
N_IN_CI = 6
N_PROJECTS = 100
N_RUNS = 5

Edit = Callable[[Path], None]

SOURCES = {
    "a.txt": "1",
    "b.txt": "1",
    "raw/one": "1",  # is added with `dvc add raw`
    "raw/two": "2",
    "sub/keep": "",
    "params.yaml": "p: 1\nq: {r: 1}\n",
}

# Options without names of stages
ALONE = [
    "",
    "--force",
    "--force-downstream",
    "--no-run-cache",
    "--no-commit",
    "--allow-missing",
    "--all-pipelines",
    "--pull",
    "--ignore-errors",
]
# Options before names of stages
WITH_NAMES = [
    "",
    "--downstream",
    "--pipeline",
    "--single-item",
    "--force --single-item",
    "--glob",
]


@pytest.mark.parametrize(
    "seed",
    [
        *range(N_QUICK),
        *(pytest.param(n, marks=pytest.mark.variant) for n in range(N_QUICK, N_IN_CI)),
        *(pytest.param(n, marks=pytest.mark.slow) for n in range(N_IN_CI, N_PROJECTS)),
    ],
)
def test_a_random_project_is_as_after_dvc_repro(tmp_path: Path, seed: int) -> None:
    random = Random(seed)
    stages = make_stages(random)
    text = yaml.safe_dump({"stages": stages}, sort_keys=False, width=1000)
    ours, theirs = make_two(tmp_path, SOURCES | {"dvc.yaml": text})
    for folder in [ours, theirs]:
        run_dvc(f"remote add --quiet --default r {folder}-remote", folder)
    is_order_fixed = True
    for _ in range(N_RUNS):
        edit = choose_edit(random, stages)
        for folder in [ours, theirs]:
            edit(folder)
        words = choose_arguments(random, sorted(stages))
        status, printed = try_dvc(shlex.join(["repro", "--keep-going", *words]), theirs)
        jobs = random.choice(["1", "3"])
        repro(ours, "--jobs", jobs, *words, status=min(status, 1))  # 255 of DVC is 1 here
        if status:
            # The outputs may differ: DVC removes those of a stage before it finds that a
            # dependency is missing.
            assert read_whole_lock(ours) == read_whole_lock(theirs), printed
            return
        # The order in which DVC runs named stages varies from process to process.
        is_order_fixed = is_order_fixed and not (set(words) & set(stages))
        if is_order_fixed:
            assert read_files(ours) == read_files(theirs), (words, printed)
        else:
            assert read_unsorted(ours) == read_unsorted(theirs), (words, printed)
        assert list_cache(ours) == list_cache(theirs), (words, printed)


def make_stages(random: Random) -> dict[str, Any]:
    """Return the stages of a dvc.yaml, in a random order."""
    stages: dict[str, Any] = {}
    paths = ["a.txt", "b.txt", "raw"]
    for number in range(random.randint(2, 6)):
        name = f"s{number}"
        stages[name] = make_stage(random, name, paths)
        paths += [f"{name}-{end}" for end in stages[name].pop("ends")]
    return dict(random.sample(list(stages.items()), len(stages)))


def make_stage(random: Random, name: str, paths: list[str]) -> dict[str, Any]:
    """Return a stage that joins files, and counts its runs in NAME.runs.

    Args:
        random: the random numbers.
        name: the name of the stage, with which its outputs begin.
        paths: what it may depend on.
    """
    is_in_folder = random.random() < 0.15
    above = "../" if is_in_folder else ""
    deps = [above + path for path in random.sample(paths, random.randint(0, 2))]
    read = f"find {' '.join(deps)} -type f | sort | xargs cat" if deps else "echo 1"
    if random.random() < 0.2:
        read = "echo same"  # so that what depends on it does not change
    commands = [f"echo >> {above}{name}.runs"]
    outs: list[Any] = []
    ends = random.choice(["a", "a", "ab"])
    for end in ends:
        out = f"{above}{name}-{end}"
        options = random.choice([{}, {}, {"cache": False}, {"persist": True}])
        outs.append({out: options} if options else out)
        if random.random() < 0.25:
            commands.append(f"mkdir -p {out} && (echo {name}; {read}) > {out}/file")
        else:
            commands.append(
                f"(echo {name}; {read}) {'>>' if 'persist' in options else '>'} {out}"
            )
    stage: dict[str, Any] = {
        "cmd": commands if random.random() < 0.2 else " && ".join(commands)
    }
    stage |= {"deps": deps, "outs": outs, "ends": ends}
    if random.random() < 0.3:
        keys = [random.choice(["p", "q", "q.r"])]
        stage["params"] = [{f"{above}params.yaml": keys}] if is_in_folder else keys
    if random.random() < 0.1:
        stage["metrics"] = stage.pop("outs")
    if random.random() < 0.08:
        stage["frozen"] = True
    if random.random() < 0.08:
        stage["always_changed"] = True
    if is_in_folder:
        stage["wdir"] = "sub"
    return stage


def choose_arguments(random: Random, names: list[str]) -> list[str]:
    """Return random options, and names of stages."""
    if random.random() < 0.6:
        return random.choice(ALONE).split()
    chosen = random.sample(names, random.randint(1, 2))
    return [*random.choice(WITH_NAMES).split(), *chosen]


def choose_edit(random: Random, stages: dict[str, Any]) -> Edit:
    """Return a function that edits a project."""
    name = random.choice(sorted(stages))
    text = random.choice("123")
    param = random.choice([f"p: {text}\nq: {{r: 1}}\n", f"p: 1\nq: {{r: {text}}}\n"])
    edits: list[Edit] = [
        partial(write_file, name="a.txt", text=text),
        partial(write_file, name="b.txt", text=text),
        partial(write_file, name="raw/one", text=text),
        partial(write_file, name="params.yaml", text=param),
        partial(write_file, name=f"{name}-a", text=text),
        partial(remove, name=f"{name}-a"),
        partial(remove, name="dvc.lock"),
        partial(remove_entry, name=name),
        partial(change_command, name=name),
        leave,
        lose_half_of_cache,
        push_and_lose,
    ]
    return random.choice(edits)


def leave(folder: Path) -> None:
    """Edit nothing."""


def write_file(folder: Path, name: str, text: str) -> None:
    """Replace a file if there is one."""
    path = folder / name
    if path.is_file():
        path.unlink()  # it may be a link into the cache
        path.write_text(text)


def remove(folder: Path, name: str) -> None:
    """Delete a file or a folder, if there is one."""
    path = folder / name
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def remove_entry(folder: Path, name: str) -> None:
    """Delete the entry of a stage from dvc.lock."""
    lock = read_whole_lock(folder)
    if lock.get("stages", {}).pop(name, None):
        text = yaml.safe_dump(lock, sort_keys=False)
        (folder / "dvc.lock").write_text(text)


def change_command(folder: Path, name: str) -> None:
    """Change the command of a stage, which does the same as before."""
    path = folder / "dvc.yaml"
    content = yaml.safe_load(path.read_text())
    stage = content["stages"][name]
    is_list = isinstance(stage["cmd"], list)
    stage["cmd"] = [*stage["cmd"], "true"] if is_list else f"{stage['cmd']} && true"
    path.write_text(yaml.safe_dump(content, sort_keys=False, width=1000))


def lose_half_of_cache(folder: Path) -> None:
    """Delete every second file from the cache."""
    for path in sorted((folder / ".dvc/cache/files/md5").glob("*/*"))[::2]:
        path.unlink()


def push_and_lose(folder: Path) -> None:
    """Push to the remote, and delete all outputs and the cache."""
    try_dvc("push --quiet --run-cache", folder)  # fails if an output is not in the cache
    for path in folder.glob("s?-?"):
        remove(folder, path.name)
    shutil.rmtree(folder / ".dvc/cache", ignore_errors=True)


def read_whole_lock(folder: Path) -> dict[str, Any]:
    """Return the content of dvc.lock, or {} if there is none."""
    path = folder / "dvc.lock"
    return yaml.safe_load(path.read_text()) if path.exists() else {}


def read_unsorted(folder: Path) -> dict[str, Any]:
    """Return the content of each file, without the order of entries and of ignored files."""
    files: dict[str, Any] = dict(read_files(folder))
    files["dvc.lock"] = read_whole_lock(folder)
    files[".gitignore"] = sorted(files.get(".gitignore", b"").split())
    return files

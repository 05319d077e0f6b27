"""The same DAG in DVC, Snakemake, plain make and Kedro: everything from cold, nothing to do, and one edit."""

import hashlib
import shutil
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from bench import measuring
from digits.common.cli import PipelineError

REQUIREMENTS = Path("bench", "peers", "requirements.txt")


class Peer(NamedTuple):
    """A way to run the DAG.

    Attributes:
        name: as the page calls it.
        command: runs it in a project.
        environment: variables that the command needs.
        cached: whether a second run can be shorter than the first.
    """

    name: str
    command: tuple[str, ...]
    environment: tuple[tuple[str, str], ...] = ()
    cached: bool = True


def digests(project: Path) -> dict[str, str]:
    """Return the digest of everything that a run has made, by its path."""
    folders = ("data", "models", "metrics", "plots")
    paths = [path for name in folders for path in (project / name).rglob("*") if path.is_file()]
    return {
        str(path.relative_to(project)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in [*paths, project / "report.html"]
        if path.name not in {".gitignore", ".snakemake_timestamp"}
    }


def install(folder: Path) -> tuple[list[Peer], list[str]]:
    """Install the peers into an environment of their own; return those that are there, and a line for each other."""
    measuring.say("installing the peers")
    measuring.python(Path(), "-m", "venv", str(folder))
    there, missing = {}, []
    for requirement in REQUIREMENTS.read_text(encoding="utf-8").split():
        try:
            measuring.run(Path(), str(folder / "bin" / "python"), "-m", "pip", "install", requirement)
            there[requirement.partition("==")[0]] = requirement.replace("==", " ")
        except PipelineError as error:
            measuring.say(str(error))
            missing.append(f"Left out, because it could not be installed: {requirement}.")
    peers = []
    if "snakemake" in there:
        options = ("--snakefile", "bench/peers/Snakefile", "--directory", ".", "--cores", "all")
        peers.append(Peer(there["snakemake"], (str(folder / "bin" / "snakemake"), *options)))
    if shutil.which("make"):
        version = measuring.run(Path(), "make", "--version").output.splitlines()[0]
        peers.append(Peer(version, ("make", "-f", "bench/peers/Makefile")))
    else:
        missing.append("Left out, because it is not installed: make.")
    if "kedro" in there:
        # The project's packages come first, so the fits are done by the same scikit-learn.
        packages = ("PYTHONPATH", sysconfig.get_path("purelib")), ("KEDRO_DISABLE_TELEMETRY", "1")
        command = (str(folder / "bin" / "python"), "bench/peers/kedro_pipeline.py")
        peers.append(Peer(there["kedro"], command, packages, cached=False))
    return peers, missing


def hyperparameter(values: dict[str, Any]) -> tuple[str, str, float]:
    """Return the first hyperparameter of params.yaml with decimals: its experiment, its name and its value.

    Raises:
        PipelineError: there is none.
    """
    for name, block in values["experiments"].items():
        for key, value in block["hyperparameters"].items():
            if isinstance(value, float):
                return name, key, value
    raise PipelineError("params.yaml has no hyperparameter with decimals to edit")


class Rounds:
    """Every peer in a project of its own, DVC first.

    `evaluate` loads a model only if it is the one that DVC has recorded, so the others take over each `dvc.lock`.
    """

    def __init__(self, folder: Path, peers: list[Peer], quick: bool) -> None:
        only = "digits-" if quick else None
        self.projects = {peer: measuring.cold(folder / str(i) / "project", only) for i, peer in enumerate(peers)}
        self.lines: list[str] = []

    def run(self, what: str) -> dict[str, float]:
        """Run every peer once and return the seconds by name; one that fails is left out from then on."""
        seconds = {}
        dvc, first = next(iter(self.projects.items()))
        for peer, project in list(self.projects.items()):
            measuring.say(f"{peer.name}: {what}")
            if peer is not dvc:
                shutil.copy(first / "dvc.lock", project)
            try:
                seconds[peer.name] = measuring.run(project, *peer.command, environment=dict(peer.environment)).seconds
            except PipelineError as error:
                if peer is dvc:
                    raise
                measuring.say(f"{peer.name}: {error}")
                self.lines.append(f"Left out of the rest, because it failed: {peer.name}, {what}.")
                del self.projects[peer]
        return seconds

    def compare(self) -> None:
        """Compare what each has made with what DVC has."""
        dvcs, *others = [(peer, digests(project)) for peer, project in self.projects.items()]
        for peer, own in others:
            if differing := sorted(path for path in {*own, *dvcs[1]} if own.get(path) != dvcs[1].get(path)):
                self.lines.append(f"{peer.name} made other files than DVC did: {', '.join(differing)}.")

    def keep(self, which: Callable[[Peer], bool]) -> None:
        """Go on with some peers alone."""
        self.projects = {peer: project for peer, project in self.projects.items() if which(peer)}

    def edit(self, factor: float) -> None:
        """Multiply one experiment's hyperparameter everywhere."""
        for project in self.projects.values():
            values = measuring.parameters(project)
            name, key, value = hyperparameter(values)
            values["experiments"][name]["hyperparameters"][key] = value * factor
            measuring.write_parameters(project, values)


def tables(folder: Path, quick: bool) -> list[str]:
    """Measure everything from cold, then in turns what a second run and a run after an edit take."""
    peers, missing = install(folder / "peers")
    version = measuring.python(Path(), "-m", "dvc", "--version").output.strip()
    dvc = Peer(f"dvc {version}", (sys.executable, "-m", "dvc", "repro"))
    rounds = Rounds(folder, [dvc, *peers], quick)
    cold = [rounds.run("cold")]
    rounds.compare()
    rounds.keep(lambda peer: peer.cached)
    count = 1 if quick else 5
    nothing = [rounds.run("nothing to do") for _ in range(count)]
    edited = []
    for _ in range(count):
        rounds.edit(1.01)
        edited.append(rounds.run("one edit"))
    rows = []
    for name in cold[0]:
        columns = [middle(measured, name) for measured in (cold, nothing, edited)]
        ratios = [middle(measured, dvc.name, name) for measured in (cold, nothing, edited)]
        rows.append([name, *columns, *(ratio and f"{ratio} ×" for ratio in ratios)])
    header = ["", "cold, s", "no-op, s", "one edit, s", "DVC ÷ it: cold", "no-op", "one edit"]
    return [*measuring.table(header, rows), *(f"\n{line}" for line in [*missing, *rounds.lines])]


def middle(measured: list[dict[str, float]], name: str, divisor: str | None = None) -> str | None:
    """Return the median over the rounds of a peer's seconds, or of their ratio to another's; None for no rounds."""
    rounds = [seconds for seconds in measured if name in seconds and (divisor or name) in seconds]
    values = [seconds[name] / (seconds[divisor] if divisor else 1) for seconds in rounds]
    return f"{median(values):.2f}" if values else None

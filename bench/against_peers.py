"""The same DAG in DVC, Snakemake, plain make and Kedro: everything from cold, nothing to do, and one edit."""

import hashlib
import sys
import sysconfig
from pathlib import Path
from statistics import median
from typing import NamedTuple

from bench import measuring
from bench.peers.dag import stages

REQUIREMENTS = Path("bench", "peers", "requirements.txt")


class Peer(NamedTuple):
    """A way to run the DAG, with the environment variables that its command needs."""

    name: str
    command: tuple[str, ...]
    environment: tuple[tuple[str, str], ...] = ()


def install(folder: Path) -> list[Peer]:
    """Install the peers into an environment of their own; return them, Kedro, which has no cache, last."""
    measuring.log("installing the peers")
    measuring.python(Path(), "-m", "venv", str(folder))
    python = str(folder / "bin" / "python")
    measuring.run(Path(), python, "-m", "pip", "install", "--requirement", str(REQUIREMENTS))
    snakemake, kedro = REQUIREMENTS.read_text(encoding="utf-8").replace("==", " ").splitlines()
    make = measuring.run(Path(), "make", "--version").output.splitlines()[0]
    dvc = measuring.python(Path(), "-m", "dvc", "--version").output.strip()
    options = ("--snakefile", "bench/peers/Snakefile", "--directory", ".", "--cores", "all")
    # For Kedro the project's packages come first, so that the fits are done by the same scikit-learn.
    packages = ("PYTHONPATH", sysconfig.get_path("purelib")), ("KEDRO_DISABLE_TELEMETRY", "1")
    return [
        Peer(f"dvc {dvc}", (sys.executable, "-m", "dvc", "repro")),
        Peer(snakemake, (str(folder / "bin" / "snakemake"), *options)),
        Peer(make, ("make", "-f", "bench/peers/Makefile")),
        Peer(kedro, (python, "-m", "bench.peers.kedro_pipeline"), packages),
    ]


def run(projects: dict[Peer, Path], what: str) -> dict[str, float]:
    """Run every peer once, each in its project, and return the seconds by its name."""
    seconds = {}
    for peer, project in projects.items():
        measuring.log(f"{peer.name}: {what}")
        seconds[peer.name] = measuring.run(project, *peer.command, environment=dict(peer.environment)).seconds
    return seconds


def digests(project: Path) -> dict[str, str]:
    """Return the digest of every output by its path."""
    outputs = [path for stage in stages(project) for path in stage.outputs]
    return {path: hashlib.sha256((project / path).read_bytes()).hexdigest() for path in outputs}


def edit(project: Path) -> None:
    """Change a hyperparameter a little."""
    values = measuring.parameters(project)
    values["experiments"]["digits-zero-or-one-svc"]["hyperparameters"]["gamma"] *= 1.01
    measuring.write_parameters(project, values)


def tables(folder: Path, quick: bool) -> list[str]:
    """Measure everything from cold, then in turns what a second run and a run after an edit take."""
    dvc, *others = peers = install(folder / "peers")
    prefix = "digits" if quick else ""
    projects = {peer: measuring.cold(folder / str(i) / "project", prefix) for i, peer in enumerate(peers)}
    cold = [run(projects, "cold")]
    expected = digests(projects[dvc])
    notes = []
    for peer in others:
        own = digests(projects[peer])
        if differing := [path for path in expected if own[path] != expected[path]]:
            notes.append(f"\n{peer.name} made other files than DVC did: {', '.join(differing)}.")
    projects.popitem()
    nothing, edited = [], []
    for _ in range(1 if quick else 5):
        nothing.append(run(projects, "nothing to do"))
        for project in projects.values():
            edit(project)
        edited.append(run(projects, "one edit"))
    rounds = (cold, nothing, edited)
    rows = [
        [peer.name, *(middle(each, peer) for each in rounds), *(middle(each, peer, dvc) for each in rounds)]
        for peer in peers
    ]
    header = ["", "cold, s", "no-op, s", "one edit, s", "DVC ÷ it: cold", "no-op", "one edit"]
    return [*measuring.table(header, rows), *notes]


def middle(rounds: list[dict[str, float]], peer: Peer, dividend: Peer | None = None) -> str | None:
    """Return the median over the rounds of a peer's seconds, or of another's divided by them; None for no rounds."""
    if peer.name not in rounds[0]:
        return None
    if dividend:
        return f"{median(seconds[dividend.name] / seconds[peer.name] for seconds in rounds):.2f} ×"
    return f"{median(seconds[peer.name] for seconds in rounds):.2f}"

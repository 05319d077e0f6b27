"""Places to share DVC's cache, each a real one on the loopback address: a folder, an S3 server, an SSH server."""

import getpass
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from tests import processes, tiny

KEY = "AKIAIOSFODNN7EXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


@dataclass(frozen=True)
class Remote:
    """What `dvc remote modify shared NAME VALUE` must set.

    Attributes:
        settings: what the whole team shares, in Git.
        own: what each keeps in `.dvc/config.local`.
        secrets: what must appear nowhere else.
        stop: kills the server, connections and all.
    """

    settings: dict[str, str] = field(default_factory=dict)
    own: dict[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    stop: Callable[[], None] = lambda: None


def use(project: Path, remote: Remote) -> None:
    """Point a project at a remote, as docs/sharing.md has the first of a team do, and commit what all share."""
    for name, value in remote.settings.items():
        tiny.run(["dvc", "remote", "modify", "shared", name, value], project)
    for name, value in remote.own.items():
        tiny.run(["dvc", "remote", "modify", "--local", "shared", name, value], project)
    if remote.settings:
        tiny.commit(project, "the team's remote")


@contextmanager
def folder(place: Path) -> Iterator[Remote]:
    """Need nothing: the default remote is a folder beside the project."""
    yield Remote()


@contextmanager
def s3(place: Path) -> Iterator[Remote]:
    """Serve an empty bucket with rclone."""
    program = _program("rclone", "make venv")
    (place / "buckets" / "digits").mkdir(parents=True, exist_ok=True)
    command = [program, "serve", "s3", "--addr", "127.0.0.1:0", "--auth-key", f"{KEY},{SECRET}"]
    with _running([*command, str(place / "buckets")], place / "rclone.log") as (log, stop):
        processes.until(lambda: "http://127.0.0.1:" in log())
        [address] = re.findall(r"http://127\.0\.0\.1:\d+", log())
        settings = {"url": "s3://digits/cache", "endpointurl": address, "region": "us-east-1"}
        own = {"access_key_id": KEY, "secret_access_key": SECRET}
        with pytest.MonkeyPatch.context() as environment:  # without the access that the user has elsewhere
            for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
                environment.setenv(name, str(place / "nothing"))
            environment.delenv("AWS_PROFILE", raising=False)
            yield Remote(settings, own, (KEY, SECRET), stop)


@contextmanager
def ssh(place: Path) -> Iterator[Remote]:
    """Serve files with OpenSSH's own sshd to whoever runs the tests, by a key made for it."""
    program = _program("sshd", "apt-get install openssh-server")
    if os.geteuid() == 0:  # then sshd drops its privileges, and needs this empty folder for it
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    place.mkdir(exist_ok=True)
    for name in ("host", "own"):
        if not (place / name).exists():
            tiny.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", name], place)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    configuration = f"""
        ListenAddress 127.0.0.1:{port}
        HostKey "{place}/host"
        AuthorizedKeysFile "{place}/own.pub"
        AuthenticationMethods publickey
        PidFile none
        StrictModes no
        Subsystem sftp internal-sftp
    """
    (place / "sshd_config").write_text(configuration)
    with _running([program, "-D", "-e", "-f", str(place / "sshd_config")], place / "sshd.log") as (log, stop):
        processes.until(lambda: f"listening on 127.0.0.1 port {port}" in log())
        settings = {"url": f"ssh://127.0.0.1:{port}{place}/cache"}
        own = {"user": getpass.getuser(), "keyfile": str(place / "own")}
        yield Remote(settings, own, ((place / "own").read_text().splitlines()[2],), stop)


@contextmanager
def _running(command: list[str], log: Path) -> Iterator[tuple[Callable[[], str], Callable[[], None]]]:
    """Run a server until the block ends; yield functions that read its log and that kill it."""
    environment = {**os.environ, "RCLONE_CONFIG": os.devnull}  # not the settings of whoever runs the tests
    with log.open("w") as output:
        server = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=environment)

    def stop() -> None:
        for process in psutil.Process(server.pid).children(recursive=True):  # sshd has one for each connection
            process.kill()
        server.kill()

    try:
        yield log.read_text, stop
    finally:
        server.terminate()
        server.wait(10)


def _program(name: str, source: str) -> str:
    """Return where a program is, or skip the test where it is not."""
    places = [str(Path(sys.executable).parent), os.environ["PATH"], "/usr/sbin"]
    found = shutil.which(name, path=os.pathsep.join(places))
    if found is None:
        pytest.skip(f"needs {name}: `{source}`")
    return found

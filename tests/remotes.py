"""Places to share DVC's cache, each a real one on the loopback address: a folder, an S3 server, an SSH server."""

import getpass
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import pytest

from tests import tiny

KEY = "AKIAIOSFODNN7EXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Remote:
    """What `dvc remote modify shared NAME VALUE` must be told.

    Attributes:
        settings: what the whole team shares, in Git.
        own: what each keeps in `.dvc/config.local`.
        secrets: what must be seen nowhere.
        port: of the server, 0 where there is none.
    """

    settings: dict[str, str] = field(default_factory=dict)
    own: dict[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    port: int = 0


def use(project: Path, remote: Remote) -> None:
    """Point a project at a remote, as docs/sharing.md tells the first of a team, and commit what all share."""
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
    (place / "buckets" / "digits").mkdir(parents=True)
    command = [program, "serve", "s3", "--addr", "127.0.0.1:0", "--auth-key", f"{KEY},{SECRET}"]
    with _running([*command, str(place / "buckets")], place / "rclone.log") as said:
        address = _wait(lambda: re.search(r"http://127\.0\.0\.1:(\d+)/", said()), said)
        settings = {
            "url": "s3://digits/cache",
            "endpointurl": address[0].rstrip("/"),
            "region": "us-east-1",
        }
        own = {"access_key_id": KEY, "secret_access_key": SECRET}
        with pytest.MonkeyPatch.context() as environment:  # without the access that its user has elsewhere
            for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
                environment.setenv(name, str(place / "nothing"))
            environment.delenv("AWS_PROFILE", raising=False)
            yield Remote(settings, own, (KEY, SECRET), int(address[1]))


@contextmanager
def ssh(place: Path) -> Iterator[Remote]:
    """Serve files with OpenSSH's own sshd to whoever runs the tests, by a key made for it."""
    program = _program("sshd", "apt-get install openssh-server")
    if os.geteuid() == 0:  # then sshd parts with its rights, and does so in this empty folder
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    place.mkdir(exist_ok=True)
    for name in ("host", "own"):
        tiny.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", name], place)
    port = _free_port()
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
    with _running([program, "-D", "-e", "-f", str(place / "sshd_config")], place / "sshd.log") as said:
        _wait(lambda: f"listening on 127.0.0.1 port {port}" in said(), said)
        settings = {"url": f"ssh://127.0.0.1:{port}{place}/cache"}
        own = {"user": getpass.getuser(), "keyfile": str(place / "own")}
        yield Remote(settings, own, ((place / "own").read_text().splitlines()[2],), port)


@contextmanager
def cable(port: int, allowed: int) -> Iterator["Cable"]:
    """Lay a cable to a server's port, which is torn once so many bytes were sent to the server."""
    laid = Cable(port, allowed)
    thread = threading.Thread(target=laid.accept, daemon=True)
    thread.start()
    try:
        yield laid
    finally:
        laid.tear()
        thread.join()


class Cable:
    """Carries bytes to a server and back, until it is torn. Nobody answers then, at its end or in between."""

    def __init__(self, port: int, allowed: int) -> None:
        self._server = ("127.0.0.1", port)
        self._allowed = allowed
        self._ends: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.torn = False

    def accept(self) -> None:
        """Take connections until torn."""
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(self._server)
                self._ends += [near, far]
                for source, target, counted in ((near, far, True), (far, near, False)):
                    threading.Thread(target=self._carry, args=(source, target, counted), daemon=True).start()

    def tear(self) -> None:
        """End all connections, and take no more."""
        self.torn = True
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for end in self._ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _carry(self, source: socket.socket, target: socket.socket, counted: bool) -> None:
        with suppress(OSError):
            while content := source.recv(4096):
                if counted:
                    self._allowed -= len(content)
                    if self._allowed < 0:
                        return self.tear()
                target.sendall(content)
            target.shutdown(socket.SHUT_WR)
        return None


@contextmanager
def _running(command: list[str], log: Path) -> Iterator[Callable[[], str]]:
    """Run a server until the block ends, and give what it has said so far."""
    environment = {**os.environ, "RCLONE_CONFIG": os.devnull}  # not the settings of whoever runs the tests
    with log.open("w") as output:
        server = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=environment)
    try:
        yield log.read_text
    finally:
        server.terminate()
        server.wait(10)


def _wait(ask: Callable[[], Answer | None], said: Callable[[], str]) -> Answer:
    """Ask until there is an answer, at most ten seconds."""
    for _ in range(500):
        if answer := ask():
            return answer
        time.sleep(0.02)
    raise AssertionError(f"the server did not start:\n{said()}")


def _program(name: str, source: str) -> str:
    """Return where a program is, or skip the test where it is not."""
    places = [str(Path(sys.executable).parent), os.environ["PATH"], "/usr/sbin"]
    found = shutil.which(name, path=os.pathsep.join(places))
    if found is None:
        pytest.skip(f"needs {name}: `{source}`")
    return found


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port

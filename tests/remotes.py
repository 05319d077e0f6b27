"""Places to share DVC's cache, each a real one on the loopback address: a folder, an S3 server, an SSH server."""

import getpass
import os
import re
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests import processes, tiny

import pytest

KEY = "AKIAIOSFODNN7EXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


class Remote(NamedTuple):
    """What `dvc remote modify shared NAME VALUE` must set."""

    settings: dict[str, str]  # what the whole team shares, in Git
    own: dict[str, str]  # what each keeps in `.dvc/config.local`
    secrets: tuple[str, ...]  # what must appear nowhere else


def use(project: Path, remote: Remote) -> None:
    """Point a project at a remote, as docs/sharing.md has the first of a team do, and commit what all share."""
    for option, values in [([], remote.settings), (["--local"], remote.own)]:
        for name, value in values.items():
            tiny.run(["dvc", "remote", "modify", *option, "shared", name, value], project)
    if remote.settings:
        tiny.commit(project, "the team's remote")


@contextmanager
def folder(place: Path) -> Iterator[Remote]:
    """Need nothing: the default remote is a folder beside the project."""
    yield Remote({}, {}, ())


@contextmanager
def s3(place: Path) -> Iterator[Remote]:
    """Serve an empty bucket with rclone."""
    (place / "buckets" / "digits").mkdir(parents=True)
    command = [_program("rclone", "make venv"), "serve", "s3", "--addr", "127.0.0.1:0", "--auth-key", f"{KEY},{SECRET}"]
    with (
        processes.started([*command, "buckets"], place, RCLONE_CONFIG=os.devnull) as server,
        pytest.MonkeyPatch.context() as environment,  # without the access that the user has elsewhere
    ):
        [address] = re.findall(r"http://127\.0\.0\.1:\d+", server.wait_for_line("http://127.0.0.1:"))
        for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
            environment.setenv(name, str(place / "nothing"))
        environment.delenv("AWS_PROFILE", raising=False)
        settings = {"url": "s3://digits/cache", "endpointurl": address, "region": "us-east-1"}
        yield Remote(settings, {"access_key_id": KEY, "secret_access_key": SECRET}, (KEY, SECRET))


@contextmanager
def ssh(place: Path) -> Iterator[Remote]:
    """Serve files with OpenSSH's own sshd to whoever runs the tests, by a key made for it."""
    program = _program("sshd", "apt-get install openssh-server")
    if os.geteuid() == 0:  # then sshd drops its privileges, and needs this empty folder for it
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    place.mkdir()
    for name in ("host", "own"):
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
    with processes.started([program, "-D", "-e", "-f", str(place / "sshd_config")], place) as server:
        server.wait_for_line(f"listening on 127.0.0.1 port {port}")
        settings = {"url": f"ssh://127.0.0.1:{port}{place}/cache"}
        own = {"user": getpass.getuser(), "keyfile": str(place / "own")}
        yield Remote(settings, own, ((place / "own").read_text().splitlines()[2],))


def _program(name: str, source: str) -> str:
    """Return where a program is, or skip the test where it is not."""
    found = shutil.which(name, path=f"{os.environ['PATH']}{os.pathsep}/usr/sbin")
    if found is None:
        pytest.skip(f"needs {name}: `{source}`")
    return found

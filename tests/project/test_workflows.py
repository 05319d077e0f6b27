"""What CI checks fails if it cannot be checked.

A step of a workflow runs as on GitHub, from its own text, in the tiny project.
"""

import re
import shutil
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.helpers import servers, tiny
from tests.helpers.calls import reproduce
from tests.helpers.processes import needs_rclone

WORKFLOWS = sorted(tiny.ROOT.glob(".github/workflows/*.yml"))
SCRIPTS = [
    path
    for path in sorted(tiny.ROOT.glob(".ci/*"))
    if path.read_text(encoding="utf-8").startswith("#!/usr/bin/env bash")
]
CHECK_REMOTE = "The remote has all that dvc.lock names"
MODEL = "models/five-sgd.skops"


def read_step(name: str) -> dict[str, Any]:
    """Return a step of ci.yml by its name."""
    text = (tiny.ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8")
    jobs = yaml.safe_load(text)["jobs"].values()
    [step] = [step for job in jobs for step in job["steps"] if step.get("name") == name]
    return step


def check_remote(project: Path, *, status: int, key: str = "", secret: str = "") -> tiny.Done:
    """Run the step that checks the remote, with secrets, and expect an exit status."""
    step = read_step(CHECK_REMOTE)
    secrets = {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret}
    assert step["env"] == {name: f"${{{{ secrets.{name} }}}}" for name in secrets}
    # The keys that the user has for other servers are not used.
    for name in ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"]:
        secrets[name] = str(project / "nothing")
    # The step must not rely on `pipefail`, which the workflow sets.
    return tiny.run(["bash", "-e", "-c", step["run"]], project, status=status, **secrets)


def use_s3(project: Path, address: str) -> None:
    """Add a remote on an S3 server, as docs/team.md says, without keys."""
    commands = [
        "remote add --quiet --default team s3://digits/cache",
        f"remote modify team endpointurl {address}",
        "remote modify team region us-east-1",
    ]
    for command in commands:
        tiny.run_dvc(command, project)
    tiny.commit(project, "the team's remote")


@pytest.mark.variant
@needs_rclone
def test_the_check_of_the_remote_fails_with_a_wrong_key(project: Path, tmp_path: Path) -> None:
    with servers.serve_s3(tmp_path / "buckets") as address:
        use_s3(project, address)
        done = check_remote(project, status=1, key=servers.KEY_ID, secret="expired")
    assert done.stdout == ""
    assert "ERROR: unexpected error - The request signature we calculated" in done.stderr
    *_, last = done.stderr.splitlines()
    assert last.startswith("DVC could not look into the remote team, for the reason above: ")


@pytest.mark.slow
@needs_rclone
def test_the_check_of_the_remote_passes_only_if_every_file_was_found(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from s3fs import S3FileSystem  # is not imported for the other tests, because it takes time

    keys = {"key": servers.KEY_ID, "secret": servers.SECRET_KEY}
    with servers.serve_s3(tmp_path / "buckets") as address:
        use_s3(project, address)
        with monkeypatch.context() as environment:
            environment.setenv("AWS_ACCESS_KEY_ID", servers.KEY_ID)
            environment.setenv("AWS_SECRET_ACCESS_KEY", servers.SECRET_KEY)
            tiny.run_dvc("push", project)
        # CI has a clone without data.
        tiny.run("git clone --quiet copy clone", tmp_path)
        clone = tmp_path / "clone"
        done = check_remote(clone, status=0, **keys)
        assert done.stdout == "The remote team has the files that dvc.lock names.\n"

        outputs = tiny.lock(clone)["train@five-sgd"]["outs"]
        [checksum] = [output["md5"] for output in outputs if output["path"] == MODEL]
        bucket = S3FileSystem(**keys, endpoint_url=address)
        bucket.rm(f"digits/cache/files/md5/{checksum[:2]}/{checksum[2:]}")
        done = check_remote(clone, status=1, **keys)
        assert done.stderr.splitlines() == [
            "The remote team lacks files:",
            MODEL,
            "Run `dvc push` in a clone that has them.",
        ]
        done = check_remote(clone, status=1)
        assert "Unable to locate credentials" in done.stderr
    done = check_remote(clone, status=1, **keys)
    assert "Could not connect to the endpoint URL" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        ("git rm --quiet dvc.lock", "dvc.lock and dvc.yaml name no file to look for: "),
        ("dvc remote default --unset", "DVC finds no default remote in .dvc/config: "),
        ("cp params.yaml dvc.lock", "DVC could not look into the remote shared, "),
        ("rm -r ../digits-remote", "The remote shared lacks files:"),
    ],
)
def test_the_check_of_the_remote_fails_if_dvc_looked_for_nothing(
    project: Path, spoil: str, message: str
) -> None:
    tiny.run_dvc("push", project)
    tiny.run(spoil, project)
    assert message in check_remote(project, status=1).stderr


@pytest.mark.variant
def test_the_changes_of_a_pull_request_are_not_none_if_dvc_fails(project: Path) -> None:
    done = tiny.run(".ci/changes nosuch", project, status=255)
    assert done.stdout == ""
    assert done.stderr.startswith("ERROR: unknown Git revision 'nosuch'\n")


@pytest.mark.slow
def test_the_changes_of_a_pull_request_have_all_sections(project: Path) -> None:
    tiny.run("git switch --quiet --create change", project)
    unchanged = tiny.run(".ci/changes main", project).stdout
    assert (
        "### Predictions\n\nThe predictions are the same.\n\n### Charts\n\nNone.\n" in unchanged
    )
    assert not (project / "dvc_plots").exists()

    tiny.edit(project, {"models.five-sgd.hyperparameters.max_iter": 2})
    reproduce(project, "train@five-sgd", "evaluate@five-sgd")
    tiny.commit(project, "fewer iterations")
    printed = tiny.run(".ci/changes main", project).stdout
    _, metrics, parameters, predictions, charts = printed.split("### ")
    assert "| metrics/five-sgd.json | cv_accuracy |" in metrics
    assert "| params.yaml | models.five-sgd.hyperparameters.max_iter | 50 " in parameters
    assert "- five-sgd, 300 images in cross-validation: " in predictions
    assert charts == "Charts\n\n- five-sgd\n\n"
    assert (project / "dvc_plots/index.html").exists()

    # CI may not reach the remote.
    tiny.run("git clone --quiet copy clone", project.parent)
    clone = project.parent / "clone"
    tiny.run("git branch --quiet main origin/main", clone)
    predictions = tiny.run(".ci/changes main", clone).stdout.split("### ")[3]
    assert "five-sgd.parquet of main cannot be read (" in predictions
    assert "A remote that CI can read adds what is missing: docs/team.md." in predictions


@pytest.mark.variant
def test_a_lock_that_is_out_of_date_fails_its_check(project: Path) -> None:
    tiny.replace(project / "params.yaml", "max_iter: 50", "max_iter: 5")
    tiny.commit(project, "fewer iterations")
    printed = tiny.run(".ci/lock", project, status=1).stdout
    assert "reproduce 'train@five-sgd'" in printed
    assert printed.endswith("dvc.lock is out of date: run `dvc repro`, and commit it.\n")
    shutil.copy(project / "params.yaml", project / "dvc.yaml")
    assert "'./dvc.yaml' validation failed" in tiny.run(".ci/lock", project, status=1).stderr


def test_the_key_of_a_cached_environment_names_all_files_that_the_makefile_compares() -> None:
    makefile = (tiny.ROOT / "Makefile").read_text(encoding="utf-8")
    rules = re.findall(r"^\$\((?:LOCK_|DEV_)?INSTALLED\): (.+)$", makefile, re.MULTILINE)
    compared = " ".join(rules).replace("$(PACKAGES)", "packages/*/pyproject.toml")
    files = {name for name in compared.split() if not name.startswith("$(")}
    workflow = (tiny.ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8")
    keys = re.findall(r"key: venv-.*hashFiles\((.+?)\)", workflow)
    assert keys
    for key in keys:
        hashed = re.findall("'(.+?)'", key)
        for name in files:
            assert any(fnmatch(name, pattern) for pattern in hashed), name


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_step_fails_with_any_command_of_a_pipe(path: Path) -> None:
    workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert workflow["defaults"]["run"]["shell"] == "bash"


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_fails_with_any_of_its_commands(path: Path) -> None:
    assert "\nset -euo pipefail\n" in path.read_text(encoding="utf-8")

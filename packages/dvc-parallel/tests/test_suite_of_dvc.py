"""DVC's own tests of `dvc repro` pass if they call this package instead.

They need the source of DVC, in the folder that the variable DVC_SOURCE names, and the packages of
`pip install "dvc[tests]" dvc-s3`.
"""

import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

FILES = [
    "tests/func/repro",
    "tests/func/test_run_cache.py",
    "tests/func/test_stage.py",
    "tests/func/test_stage_load.py",
    "tests/func/test_lockfile.py",
    "tests/func/test_state.py",
    "tests/func/test_dataset.py",
    "tests/func/test_dvcfile.py",
    "tests/func/api/test_show.py",
    "tests/func/plots/test_diff.py",
]
# They replace a function of DVC, and look whether it was called.
PATCHING = {
    "test_repro_all_pipelines",
    "test_repro_keep_going",
    "test_repro_ignore_errors",
    "test_repro_when_cmd_changes",
    "test_restore",
    "test_restore_pull",
    "test_memory_for_multiple_runs_of_same_stage",
    "test_newest_entry_is_loaded_for_non_deterministic_stage",
    "test_memory_runs_of_multiple_stages",
}


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("jobs", ["1", "3"])
def test_the_tests_of_dvc_pass(tmp_path: Path, jobs: str) -> None:
    source = os.environ.get("DVC_SOURCE")
    if not source:
        pytest.skip("the variable DVC_SOURCE does not name the source of DVC")
    for package in ["pytest_docker", "dvc_s3"]:
        pytest.importorskip(package, reason="needs the packages of dvc[tests] and dvc-s3")
    report = tmp_path / "report.xml"
    scripts = Path(sys.executable).parent
    environment = os.environ | {
        "DVC_PARALLEL_JOBS": jobs,
        "PYTHONPATH": str(Path(__file__).parent),
        "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}",
    }
    command = [sys.executable, "-m", "pytest", "-p", "plugin_for_dvc", "-o", "addopts="]
    command += ["-p", "no:cacheprovider", "-W", "ignore", f"--junitxml={report}", *FILES]
    subprocess.run(command, cwd=source, env=environment, check=False)
    cases = list(ElementTree.parse(report).iter("testcase"))
    failed = {
        case.attrib["name"].partition("[")[0]
        for case in cases
        if case.find("failure") is not None or case.find("error") is not None
    }
    assert len(cases) > 200
    assert failed <= PATCHING

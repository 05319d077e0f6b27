"""The memory that a control group leaves to a process, in the files that Linux has for it."""

from pathlib import Path

import psutil
import pytest

from dvc_parallel.memory import find_memory_limit

TOTAL = psutil.virtual_memory().total
GIB = 2**30


@pytest.mark.parametrize(
    ("groups", "limits", "expected"),
    [
        pytest.param("4:cpu:/x\n0::/job\n", {"job/memory.max": GIB}, GIB, id="other groups"),
        pytest.param(
            "0::/pods.slice:cri-containerd:1a\n",
            {"pods.slice:cri-containerd:1a/memory.max": GIB},
            GIB,
            id="a name with colons",
        ),
        pytest.param("0::/a/job\n", {"a/memory.max": GIB}, GIB, id="a group above"),
        pytest.param("0::/job\n", {"job/memory.max": "max"}, TOTAL, id="no limit"),
        pytest.param("0::/\n", {"memory.max": GIB}, GIB, id="in a container"),
        pytest.param("0::/job\n", {"other/memory.max": GIB}, TOTAL, id="another group"),
        pytest.param("0::/\n", {"memory.max": 2**63 - 1}, TOTAL, id="more than there is"),
    ],
)
def test_a_group_limits_the_memory(
    tmp_path: Path, groups: str, limits: dict[str, int | str], expected: int
) -> None:
    files = {f"sys/fs/cgroup/{name}": limit for name, limit in limits.items()}
    for name, limit in {"proc/self/cgroup": groups, **files}.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True)
        path.write_text(str(limit))
    assert find_memory_limit(tmp_path) == expected


def test_a_system_without_groups_has_the_memory_of_the_machine(tmp_path: Path) -> None:
    assert find_memory_limit(tmp_path) == TOTAL

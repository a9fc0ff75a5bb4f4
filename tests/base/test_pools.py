"""Every pool of worker processes there is: a stage that is killed in the middle of work leaves no worker behind."""

import ast
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows import PROJECT
from tasks.base.digests import imports_of
from tests.family import Family

POOLS = {
    "tasks/phantoms/files.py": """
from tasks.phantoms import files
files.draw_file = work
files.draw_files(Path("drawn"), range(9), workers=2)
""",
    "tasks/phantoms/heads/visits.py": """
from types import SimpleNamespace
from tasks.phantoms.heads import visits
visits.draw_visit = work
visits.draw_heads(Path("drawn"), settings=SimpleNamespace(asymmetries=(0, 1, 2)), workers=2, tables=False)
""",
    "tasks/synthesis/standin/faces.py": """
from types import SimpleNamespace
from tasks.synthesis.standin import faces
faces.draw_face = work
faces.draw_faces(SimpleNamespace(seed=1, size=8, frame=0.5, faces=64), workers=2)
""",
    "flows/buckets/incremental.py": """
from flows.buckets.incremental import stage_pool
with stage_pool(2, work) as pool:
    list(pool.map(work, range(9)))
""",
    "flows/stewards/batches/additions.py": """
from flows.stewards.batches.additions import FEW, _each
list(_each(2)(work, range(FEW + 1)))
""",
    "bench/anomaly.py": None,
    "bench/damage.py": None,
    "bench/screening.py": None,
}
"""Who has a pool, and how its own code is brought to give its workers `work`. A bench's pool is bare."""

SCRIPT = """
import time
from pathlib import Path


def work(*_):
    (Path.cwd() / f"working-{time.monotonic_ns()}").touch()
    time.sleep(3600)


if __name__ == "__main__":
"""


@pytest.fixture
def at_work(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Family]:
    """A program that has a pool with two workers, both in the middle of work."""
    script = tmp_path / "at_work.py"
    script.write_text(SCRIPT + "".join(f"    {line}\n" for line in request.param.strip().splitlines()))
    with Family(tmp_path, "python", str(script), PYTHONPATH=str(PROJECT)) as family:
        end = time.monotonic() + 120
        while len(list(tmp_path.glob("working-*"))) < 2:
            assert family.head.poll() is None and time.monotonic() < end, family.said()
            time.sleep(0.02)
        yield family


WORKING = pytest.mark.parametrize(
    "at_work",
    [pytest.param(script, id=path) for path, script in POOLS.items() if script],
    indirect=True,
)


@WORKING
def test_a_killed_stage_leaves_no_worker(at_work: Family) -> None:
    assert len(at_work.members()) >= 4  # it, its fork server and two workers
    at_work.kill(at_work.head.pid)
    assert not at_work.survivors()


@WORKING
def test_a_killed_worker_ends_all(at_work: Family) -> None:
    at_work.kill(max(at_work.members()))
    assert at_work.wait(60) != 0
    assert not at_work.survivors()
    assert "BrokenProcessPool" in at_work.said()


def test_no_pool_is_untried() -> None:
    """There is one kind of pool, and everybody who has one is named above."""
    sources = [path for folder in ("tasks", "flows", "bench") for path in (PROJECT / folder).rglob("*.py")]
    named = {str(path.relative_to(PROJECT)): imports_of(path) for path in sources}
    assert {path for path, names in named.items() if "tasks.base.processes.worker_pool" in names} == set(POOLS)
    own = {path for path, names in named.items() if any(name.split(".")[0] == "multiprocessing" for name in names)}
    assert own == {"tasks/base/processes.py"}
    called = {path for path in sources if "ProcessPoolExecutor" in _names(path)}
    assert called == {PROJECT / "tasks/base/processes.py"}


def _names(path: Path) -> set[str]:
    return {node.id for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Name)}

"""What a stage needs: its own module and what its flow imports, of other stages' libraries nothing."""

import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec

import pytest
import yaml

from flows import PROJECT
from flows.needs import EVERY, needs

STAGES = yaml.safe_load((PROJECT / "dvc.yaml").read_text())["stages"]


@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_has_its_module(stage: str) -> None:
    found = needs(stage)
    assert found[: len(EVERY)] == list(EVERY)
    assert f"flows.stages.{stage.partition('_')[0]}" in found


def test_what_a_flow_imports_is_among_it() -> None:
    assert {"tasks.symmetry.training", "tasks.symmetry.halves"} <= set(needs("symmetry_train@clp"))
    assert "tasks.synthesis.measures.fidelity" in needs("synthesis_measure")  # by a function that the flow calls
    assert "tasks.synthesis.latents" in needs("synthesis_cache")
    assert not [name for name in needs("synthesis_captions") if "adapter" in name]


def test_of_no_stage_it_is_what_all_need() -> None:
    assert needs("nothing") == list(EVERY)
    assert needs("") == list(EVERY)


def test_it_asks_for_no_library_of_a_stage() -> None:
    code = "import sys; from flows.needs import needs; needs('synthesis_cache'); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=PROJECT, check=False).returncode == 0


def test_what_is_imported_later_is_modules() -> None:
    sources = [path for path in (PROJECT / "tasks").rglob("*.py") if "IMPORTED_LATER = " in path.read_text()]
    names = [".".join(path.relative_to(PROJECT).with_suffix("").parts) for path in sources]
    later = [own for name in names for own in import_module(name).IMPORTED_LATER]
    assert {"torch._dynamo", "scipy.stats", "matplotlib.figure"} <= set(later)
    assert all(find_spec(own) for own in later)

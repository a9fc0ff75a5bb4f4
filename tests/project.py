"""A small project of its own in a temporary folder: the repository's code, tiny numbers, real DVC and git."""

import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

import yaml

from flows import PROJECT
from tests import ready
from tests.synthesis.tiny import SETTINGS

SMALL: dict[str, dict[str, Any]] = {
    "runtime": {"workers": 1, "buckets": 8},
    "phantoms_draw": {
        "image_size": 256,
        "control_subjects": 12,
        "stills_per_control": 1,
        "clip_subjects": 4,
        "clip_frames": 12,
        "clip_size": 256,
        "repaired_subjects": 8,
        "unrepaired_subjects": 6,
        "stills_per_unrepaired": 1,
    },
    "phantoms_heads": {"asymmetries": []},
    "ingest_frames": {"count": 6},
    "ingest_landmarks": {"detect_side": 256, "enlarge_to": 384},
    "symmetry_pairs": {"train": 0.5, "validation": 0.25, "test": 0.25, "min_gap": 2, "per_clip": 4},
    "symmetry_train": {"threads": 1, "width": 0.25, "input_size": 32, "steps": 8, "batch_size": 8, "evaluate_every": 4},
    "anomaly_align": {"size": 32, "eye_distance": 11.5},
    "anomaly_generator": {
        "threads": 1,
        "seed": 2,
        "held_out": 0.2,
        "z_dim": 16,
        "w_dim": 16,
        "channel_base": 256,
        "channel_max": 16,
        "steps": {8: 10, 32: 20},
        "batch_size": 4,
        "evaluate_every": 10,
        "face_required": False,
    },
    "anomaly_invert": {"together": 4, "mean_latents": 200, "iterations": 6, "checkpoint_every": 3, "curve_points": 3},
    "anomaly_adapt": {"together": 4, "iterations": 2, "until": 4, "keep_every": 2},
    "synthesis_base": {"threads": 1, "stand_in": SETTINGS.model_dump(mode="json")},
    "synthesis_captions": {"most_controls": 0.5},
    "synthesis_cache": {"sides": [32], "threads": 1},
    "synthesis_train": {
        "threads": 1,
        "rank": 4,
        "alpha": 8,
        "steps_per_image": 0.5,
        "batch_size": 2,
        "smallest_8bit": 1,
        "checkpoint_every": 2,
        "sample_every": 4,
        "samples": 1,
    },
    "synthesis_prompts": {"count": 4},
    "synthesis_generate": {"threads": 1, "side": 32, "together": 4},
    "synthesis_measure": {"threads": 1, "dims": 64, "pairs": 4, "kid_subsets": 2, "kid_subset_size": 2},
    "synthesis_classify": {"threads": 1, "input_size": 32, "width": 0.25, "steps": 4, "batch_size": 4},
    "inpainting_align": {"size": 32, "eye_distance": 11.5},
    "inpainting_train": {
        "threads": 1,
        "held_out": 0.3,
        "network": {
            "width": 8,
            "halvings": 2,
            "blocks": 1,
            "dilation": 2,
            "mask_channel": True,
            "gated": True,
            "landmarks": True,
            "spread": 1,
        },
        "steps": 4,
        "batch_size": 2,
        "evaluate_every": 2,
    },
    "inpainting_fill": {"kept_side": 64, "proposals": 2, "most_disagreement": 10},
    "inpainting_measure": {"perceptual": {"net": "squeeze", "trunk": "random", "size": 64}},
    "inpainting_controls": {"most_photographs": 2, "kid_subsets": 2, "kid_subset_size": 2},
    "evaluate": {"resamples": 100},
    "fairness": {"least_people": 3},
}
"""What differs from params.yaml; everything else is the demo's."""  # fmt: skip
SECONDS = 900
"""How long a program may take."""


def make_project(folder: Path, changes: dict[str, dict[str, Any]], *, copy_code: bool = False) -> Path:
    """A git and DVC repository in `folder`: the code linked in (or copied, to edit), `changes` over params.yaml."""
    folder.mkdir(parents=True)
    for name in ("flows", "tasks"):
        (folder / name).symlink_to(PROJECT / name)
    if copy_code:
        own_code(folder)
    for name in ("dvc.yaml", ".gitignore", ".dvcignore"):
        shutil.copy(PROJECT / name, folder / name)
    numbers = yaml.safe_load((PROJECT / "params.yaml").read_text())
    for block, values in changes.items():
        numbers[block] |= values
    (folder / "params.yaml").write_text(yaml.safe_dump(numbers, sort_keys=False))
    (folder / "data/exemplars").mkdir(parents=True)
    (folder / "data/added").mkdir()
    (folder / "data/captions").mkdir()
    kept = [f"{own}/{name}" for own in ("votes", "corrections", "repeats") for name in ("README.md", ".gitignore")]
    for own in ("votes", "corrections", "repeats"):
        (folder / "data" / own).mkdir()
    for name in ("added/README.md", "added/.gitignore", "captions/README.md", *kept):
        shutil.copy(PROJECT / "data" / name, folder / "data" / name)
    (folder / "data/exemplars/.gitkeep").touch()
    run(folder, "git", "init", "-q")
    (folder / ".git/info/exclude").write_text("/.dvc/site/\n/.dvc/global/\n/.dvc/system/\n")  # see environment()
    run(folder, "git", "config", "user.name", "Test")
    run(folder, "git", "config", "user.email", "test@localhost")
    (folder / ".dvc").mkdir()  # as in a clone, which has no other file of `dvc init`
    (folder / ".dvc/.gitignore").write_text("/config.local\n/tmp\n/cache\n")
    (folder / ".dvc/config").write_text("[core]\n    analytics = false\n    check_update = false\n")
    run(folder, "git", "add", ".")
    run(folder, "git", "commit", "-qm", "project")
    return folder


def environment(folder: Path) -> dict[str, str]:
    """This process's environment, the virtual environment's programs first, no server, one thread, own caches."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT", "DVC", "COV"))}
    return own | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": f"{folder}{os.pathsep}{PROJECT / 'tests/audit'}",
        "CONNECTIONS_LOG": str(connections(folder)),
        "OMP_NUM_THREADS": "1",
        "DVC_SITE_CACHE_DIR": str(folder / ".dvc/site"),
        "DVC_GLOBAL_CONFIG_DIR": str(folder / ".dvc/global"),
        "DVC_SYSTEM_CONFIG_DIR": str(folder / ".dvc/system"),
        "PREFECT_HOME": str(folder / ".prefect"),
    }


def connections(folder: Path) -> Path:
    """Where every connection that a program run in the project tried to open is noted."""
    return folder.with_name(f"{folder.name}-connections.log")


def run(folder: Path, *command: str, check: bool = True, **extra: str) -> subprocess.CompletedProcess[str]:
    """Run a program in the project; its output is in the error when it fails and `check` is on.

    Of `vermilion`, `dvc` and stages no process is the subject: they are forks, which spares their imports.
    """
    if not ready.answers(command):
        return started(folder, *command, check=check, **extra)
    own = environment(folder) | extra
    own["PATH"] = f"{ready.programs()}{os.pathsep}{own['PATH']}"
    with tempfile.TemporaryFile("w+") as said, tempfile.TemporaryFile("w+") as complained:
        fork = ready.Fork(command, folder, own, [0, said.fileno(), complained.fileno()], large=False)
        with closing(fork):
            code = fork.wait(SECONDS)
        said.seek(0)
        complained.seek(0)
        done = subprocess.CompletedProcess(command, code, said.read(), complained.read())
    return _checked(done) if check else done


def started(folder: Path, *command: str, check: bool = True, **extra: str) -> subprocess.CompletedProcess[str]:
    """`run` by a process of its own, which has imported nothing."""
    own = environment(folder) | extra
    done = subprocess.run(command, cwd=folder, env=own, text=True, capture_output=True, timeout=SECONDS, check=False)
    return _checked(done) if check else done


def _checked(done: "subprocess.CompletedProcess[str]") -> "subprocess.CompletedProcess[str]":
    """It, where it ended well; else AssertionError, which has its output."""
    if done.returncode:
        command = " ".join(done.args)
        raise AssertionError(f"{command} exited {done.returncode}:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
    return done


def repro(folder: Path, *words: str) -> str:
    """What `dvc repro` prints, called as `make demo` does: DVC parses its files once, which spares seconds."""
    return run(folder, "python", "-m", "flows.repository", "repro", *words).stdout


def own_code(folder: Path) -> None:
    """Copies of flows/ and tasks/ in place of the links, to be edited."""
    for name in ("flows", "tasks"):
        (folder / name).unlink()
        shutil.copytree(PROJECT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))


def copy_project(project: Path, folder: Path) -> Path:
    """A project as it stands, with its results, cache and store."""
    shutil.copytree(project, folder, symlinks=True)
    return folder


def set_number(folder: Path, block: str, key: str, value: Any) -> None:
    """Change one number of params.yaml."""
    numbers = yaml.safe_load((folder / "params.yaml").read_text())
    numbers[block][key] = value
    (folder / "params.yaml").write_text(yaml.safe_dump(numbers, sort_keys=False))


def lock(folder: Path) -> dict[str, Any]:
    """dvc.lock's stages: every digest of what went in and came out."""
    return dict(yaml.safe_load((folder / "dvc.lock").read_text())["stages"])


def outs(stage: dict[str, Any]) -> dict[str, str]:
    """A stage's outs in dvc.lock: path to digest."""
    return {out["path"]: out["md5"] for out in stage["outs"]}

"""Nothing leaves the machine: not by Python, and not by a library that brings its own network (law 9).

A library of the lock, onnxruntime, turns to its maker's host ten seconds after its import unless told otherwise before.
"""

import importlib.metadata
import json
import os
import re
import subprocess
import sys
import time
import tomllib
import urllib.request
from http import HTTPStatus
from pathlib import Path

import pytest

from flows import PROJECT
from tests.connections import beyond, needs_strace, watched
from tests.project import copy_project, environment
from tests.server import free_port

pytestmark = needs_strace
PATIENCE = 14
"""Seconds after an import: the library that speaks up later than ten seconds has not been seen."""

NETWORK = """
import sys, time
import tasks.synthesis.gate.recognition as recognition
import onnx
from onnx import TensorProto, helper
value = lambda name: helper.make_tensor_value_info(name, TensorProto.FLOAT, [1])
graph = helper.make_graph([helper.make_node("Abs", ["x"], ["y"])], "g", [value("x")], [value("y")])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
recognition.onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": [-1.0]})
"""
EVERYTHING = """
import importlib, sys, time, warnings
warnings.simplefilter("ignore")
import dlib, flows
for name in sys.argv[1:]:
    try:
        importlib.import_module(name)
    except ImportError as error:  # face_recognition_models is a folder of files here
        print(name, error)
"""
WAIT = f"time.sleep({PATIENCE})\n"


def modules() -> list[str]:
    """The top module of every package that pyproject.toml names, the optional ones too."""
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    named = [*project["dependencies"], *(one for extra in project["optional-dependencies"].values() for one in extra)]
    wanted = {re.split(r"[<>=!~\[; ]", one)[0].lower().replace("_", "-") for one in named}
    found = importlib.metadata.packages_distributions().items()
    mine = {module for module, owners in found if wanted & {one.lower().replace("_", "-") for one in owners}}
    return sorted(module for module in mine if module.isidentifier() and not module.startswith("_"))


def test_the_watch_sees_a_look_up_and_a_connection(tmp_path: Path) -> None:
    """Of a name that cannot exist, and of an address that nobody has: the tests below could fail."""
    code = "import socket\ntry: socket.create_connection(('192.0.2.1', 9), 0.2)\nexcept OSError: pass\n"
    code += "try: socket.getaddrinfo('nowhere.invalid', 1)\nexcept OSError: pass\n"
    code += "try: socket.create_connection(('127.0.0.1', 9), 1)\nexcept OSError: pass\n"
    run(tmp_path, code)
    seen = beyond(tmp_path / "calls")
    assert any("192.0.2.1" in line for line in seen)
    assert any("htons(53)" in line for line in seen) or "nameserver 127." in Path("/etc/resolv.conf").read_text()
    assert not any("127.0.0.1" in line for line in seen)


def run(folder: Path, code: str, *arguments: str) -> None:
    env = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    command = [sys.executable, "-c", code, *arguments]
    with watched(folder / "calls", command, folder=PROJECT, env=env | {"PREFECT_HOME": str(folder)}) as process:
        process.communicate(timeout=300)
    assert process.returncode == 0


def test_a_network_in_onnx_turns_to_nobody(tmp_path: Path) -> None:
    run(tmp_path, NETWORK + WAIT)
    assert beyond(tmp_path / "calls") == []


@pytest.mark.long
def test_no_package_of_the_lock_turns_to_anybody_when_imported(tmp_path: Path) -> None:
    names = modules()
    assert {"cv2", "diffusers", "dvc", "onnxruntime", "openpyxl", "pillow_heif", "prefect", "torch"} <= set(names)
    run(tmp_path, EVERYTHING + WAIT, *names)
    assert beyond(tmp_path / "calls") == []


@pytest.mark.long
def test_stages_and_scores_turn_to_nobody(built: Path, tmp_path: Path) -> None:
    """Every stage is run again, with what it recalls from the store; then a photograph is scored."""
    folder = copy_project(built, tmp_path / "project")
    photograph = next((folder / "data/raw/phantoms/repaired").rglob("*.png"))
    for command in (
        ["dvc", "repro", "--force"],
        ["vermilion", "score", str(photograph), "--out", str(tmp_path / "page")],
    ):
        with watched(tmp_path / "calls", command, folder=folder, env=environment(folder)) as process:
            process.communicate(timeout=900)
        assert process.returncode == 0
        assert beyond(tmp_path / "calls") == []


@pytest.mark.long
def test_measuring_and_the_pages_for_people_turn_to_nobody(built: Path, tmp_path: Path) -> None:
    """A photograph is measured, with its page and sheets; the review's server is asked for a page."""
    folder = copy_project(built, tmp_path / "project")
    photograph = next((folder / "data/raw/phantoms/repaired").rglob("*.png"))
    command = ["vermilion", "measure", str(photograph), "--pdf", "--out", str(tmp_path / "page")]
    with watched(tmp_path / "calls", command, folder=folder, env=environment(folder)) as process:
        process.communicate(timeout=300)
    assert process.returncode == 0
    assert beyond(tmp_path / "calls") == []
    command = ["vermilion", "review", "--port", str(free_port()), "--no-open"]
    with watched(tmp_path / "calls", command, folder=folder, env=environment(folder)) as process:
        assert process.stdout
        address = next(found[0] for line in process.stdout if (found := re.search(r"http://127\.0\.0\.1\S+", line)))
        browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())  # the token is kept in a cookie
        with browser.open(address, timeout=60) as answer:
            assert answer.status == HTTPStatus.OK
        time.sleep(PATIENCE)
    assert beyond(tmp_path / "calls") == []


@pytest.mark.long
def test_the_server_and_a_run_on_it_turn_to_nobody(built: Path, tmp_path: Path) -> None:
    folder = copy_project(built, tmp_path / "project")
    command = ["vermilion", "serve", "--port", str(free_port())]
    with watched(tmp_path / "calls", command, folder=folder, env=environment(folder)) as process:
        assert process.stdout
        until = time.monotonic() + 240
        while time.monotonic() < until and "Ctrl-C" not in process.stdout.readline():
            pass
        rebuilt = subprocess.run(["vermilion", "rebuild"], cwd=folder, env=environment(folder), check=False)
        assert rebuilt.returncode == 0
        record = json.loads((folder / ".prefect/serve.json").read_text())
        time.sleep(PATIENCE)
        os.kill(record["pid"], 2)
        process.communicate(timeout=120)
    assert beyond(tmp_path / "calls") == []

"""A DVC project of seven quick stages, to watch a pipeline run: one trains, one fails on demand, one is a flow."""

from pathlib import Path

from tests.project import make_project, run

WORK = """
import json, sys
from pathlib import Path
out, *sources = sys.argv[1:]
with open("ran.log", "a") as log:
    log.write(out + "\\n")
words = " ".join(Path(source).read_text().strip() for source in sources)
print("made of", words, flush=True)
if "broken" in words:
    sys.exit("work: the input is broken")
Path(out).parent.mkdir(parents=True, exist_ok=True)
Path(out).write_text(json.dumps({"length": len(words)}) if out.endswith("json") else words)
"""

TOY = """
import time
from pathlib import Path

from prefect import flow
from prefect.artifacts import create_table_artifact

from flows.running.tracking import artifact_key, show
from tasks.errors import InputError


@flow
def toy_stage(source: Path, out: Path) -> None:
    word = source.read_text().strip()
    print(f"toy_stage: 1 buckets computed ({word})", flush=True)
    show(lambda: create_table_artifact([{"buckets": 1}], key=artifact_key("toy_stage@clp buckets")))
    show(lambda: create_table_artifact([], key="No key!"))
    if word == "refuse":
        raise InputError("c.txt: refused; write another word")
    if word == "hang":
        Path("hanging").touch()
        time.sleep(3600)
    out.write_text(word)
"""

STAGES = {
    "first": ["a.txt"],
    "fragile": ["b.txt"],
    "below": ["data/fragile.txt"],
    "trained": ["data/first.txt"],
    "scored": ["data/trained.txt", "data/first.txt"],
}

REST = """
  toy_stage:
    cmd: python -m flows toy_stage --source c.txt --out data/toy.txt
    deps: [c.txt]
    outs: [data/toy.txt]
  headline:
    cmd: python work.py data/reports/summary.json data/scored.txt
    deps: [data/scored.txt, work.py]
    metrics:
      - data/reports/summary.json: { cache: false }
"""


def make_toys(folder: Path) -> Path:
    """The project, committed, nothing run yet."""
    make_project(folder, {}, copy_code=True)
    (folder / "flows/stages/toy.py").write_text(TOY)
    (folder / "work.py").write_text(WORK)
    text = "stages:\n"
    for name, deps in STAGES.items():
        meta = "    meta: { training: true }\n" if name == "trained" else ""
        text += f"  {name}:\n{meta}    cmd: python work.py data/{name}.txt {' '.join(deps)}\n"
        text += f"    deps: [{', '.join(deps)}, work.py]\n    outs: [data/{name}.txt]\n"
    (folder / "dvc.yaml").write_text(text + REST)
    for name in "abc":
        (folder / f"{name}.txt").write_text(f"{name}1")
    with (folder / ".gitignore").open("a") as ignored:
        ignored.write("ran.log\nhanging\n")
    run(folder, "git", "add", ".")
    run(folder, "git", "commit", "-qm", "toys")
    return folder

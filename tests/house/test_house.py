"""How the house is built, read off the source: which room enters which, how long things are, who knows whose name.

tests/house/test_architecture.py asks what every stage has; this file knows no stage.
"""

import ast
import re
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from flows import PROJECT
from tasks.base.digests import imports_of

MOST_LINES, MOST_IN_A_FUNCTION = 300, 50
MOST_MODULES = 20
COMMANDS = {"flows/cli", "bench"}
"""Folders with one module per command, which is called like it: there nobody has to ask where to begin."""

FLOWS = {
    "running": set(),
    "buckets": {"running"},
    "stages": {"buckets", "running"},
    "launch": {"buckets", "running", "stages"},
    "needs": {"launch"},
    "forks": {"launch", "needs", "running"},
    "__main__": {"forks", "launch", "running"},
    "repository": set(),
    "stewards": {"repository", "running"},
    "serving": {"forks", "repository", "running", "stewards"},
    "photographs": set(),
    "pages": {"photographs", "running", "stewards"},
    "cli": {"buckets", "pages", "photographs", "repository", "running", "serving", "stewards"},
}
"""Each room of flows/, and those that it may enter. What is computed and how it is shown (above) knows nothing of
DVC and git (repository); nobody enters a command."""

BASIS = {"base", "errors", "params", "schemas"}
TASKS = {
    "errors": set(),
    "base": {"errors"},
    "params": {"errors"},
    "schemas": {"base"},
    "store": {"base", "errors"},
    "statistics": BASIS,
    "pages": BASIS,
    "space": set(),
    "phantoms": {"base", "errors", "params", "space"},
    "ingest": BASIS,
    "faces": BASIS | {"ingest"},
    "findings": BASIS | {"pages"},
    "symmetry": BASIS | {"ingest"},
    "anomaly": BASIS | {"ingest", "faces"},
    "inpainting": BASIS | {"ingest", "faces", "pages"},
    "anthropometry": BASIS | {"ingest", "faces", "findings", "pages"},
    "surface": BASIS | {"ingest", "faces", "findings", "pages", "phantoms", "space"},  # their head fills holes
    "fairness": BASIS | {"ingest"},
    "synthesis": BASIS | {"ingest", "phantoms"},  # its stand-in for the base model learns from drawn faces
    "evaluation": BASIS
    | {"ingest", "faces", "pages", "statistics", "symmetry", "anomaly", "inpainting", "anthropometry"}
    | {"space", "surface"},
}
"""The same of tasks/. That a system's part of the evaluation enters that system alone, and for what, is asked in
tests/house/test_architecture.py."""

SYSTEMS = ("symmetry", "anomaly", "synthesis", "inpainting", "anthropometry", "surface", "fairness")
OWN_COMMAND = {
    "anthropometry": {
        "flows/cli/__init__.py",
        "flows/cli/anthropometry.py",
        *(
            f"flows/pages/{name}.py"
            for name in ("beside", "handing", "look", "lost", "measured", "rate", "record", "review", "scaled")
        ),
        *(f"flows/photographs/{name}.py" for name in ("clips", "declared", "measure", "measured", "profiles")),
        *(f"flows/cli/{name}.py" for name in ("measure", "norms")),
        "flows/stages/surface.py",  # norms of as many people
        "flows/running/holdings.py",  # which of its numbers are for drawn faces
    },
    "surface": {
        "flows/cli/__init__.py",
        *(
            f"flows/{room}.py"
            for room in ("cli/capture", "cli/reconstruct", "photographs/reconstruct", "photographs/reconstructed")
        ),
        "flows/cli/norms.py",
        "flows/pages/lost.py",
        "flows/pages/visits.py",
        "flows/photographs/declared.py",
        "flows/photographs/looked.py",
        "flows/running/inspection.py",  # what sets of photographs lack
    },
    "synthesis": {"flows/cli/__init__.py", "flows/cli/synthesis.py", "flows/photographs/survey.py"},
    "inpainting": {
        "flows/cli/__init__.py",
        *(
            f"flows/{room}.py"
            for room in (
                *("cli/inpaint", "cli/inpainting", "photographs/fillings", "photographs/inpaint"),
                *("pages/beside", "pages/blinded", "pages/scaled"),  # results side by side
            )
        ),
    },
}
"""`vermilion synthesis`, `inpainting`, `inpaint`, `anthropometry`, `review`: what one system needs of a person."""

WORDS = {
    "symmetry": {  # what is measured by points, too
        *(f"{place}/anthropometry" for place in ("tasks", "tasks/evaluation")),
        *(f"tasks/{place}/anthropometry.py" for place in ("params", "schemas")),
        "tasks/pages/scales.py",  # what raters are asked
    },
    "anomaly": {"tasks/evaluation/synthesis/chapter.py"},  # stands in a paper's title
    "inpainting": {  # the anomaly system may hold a photograph against its filling
        *("tasks/params/anomaly.py", "flows/stages/anomaly.py", "tasks/evaluation/anomaly"),
    },
    "surface": {"tasks/space", "tasks/phantoms"},  # of triangles
    "synthesis": {"tasks/anomaly"},  # StyleGAN2's second network is called so
}
"""Where a system's name is an ordinary word of the field."""


def sources(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (PROJECT / folder).rglob("*.py"))


def named(path: Path) -> str:
    return path.relative_to(PROJECT).as_posix()


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Every function of a file and its lines, from `def` to its end."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno
            yield f"{named(path)}: {node.name}", node.end_lineno - node.lineno + 1


def entered(top: str, room: str) -> set[str]:
    """The other rooms of tasks/ or flows/ that this one imports from."""
    folder = PROJECT / top / room
    files = sources(f"{top}/{room}") if folder.is_dir() else [folder.with_suffix(".py")]
    names = {name.split(".")[1] for path in files for name in imports_of(path) if name.startswith(f"{top}.")}
    return (names & rooms(top)) - {room}


def rooms(top: str) -> set[str]:
    """Folders and modules directly in tasks/ or flows/."""
    found = {path.stem for path in (PROJECT / top).glob("*.py")} - {"__init__"}
    return found | {path.parent.name for path in (PROJECT / top).glob("*/__init__.py")}


@pytest.mark.parametrize(("top", "allowed"), [("flows", FLOWS), ("tasks", TASKS)])
def test_a_room_enters_only_those_that_it_may(top: str, allowed: dict[str, set[str]]) -> None:
    assert rooms(top) == set(allowed)
    strays = {room: strange for room in allowed if (strange := entered(top, room) - allowed[room])}
    assert not strays


@pytest.mark.parametrize("allowed", [FLOWS, TASKS], ids=["flows", "tasks"])
def test_rooms_go_round_in_no_circle(allowed: dict[str, set[str]]) -> None:
    TopologicalSorter(allowed).prepare()  # CycleError names the circle


FOLDERS = [path.parent for path in sources("tasks", "flows", "bench") if path.name == "__init__.py"]


def test_no_room_is_a_hall() -> None:
    """A room with more modules than a reader takes in at a look is drawn into smaller ones."""
    found = {named(folder): len(list(folder.glob("*.py"))) - 1 for folder in FOLDERS}
    assert not {name: many for name, many in found.items() if many > MOST_MODULES and name not in COMMANDS}


@pytest.mark.parametrize("folder", [own for own in FOLDERS if list(own.glob("*/__init__.py"))], ids=named)
def test_the_rooms_of_a_room_go_round_in_no_circle(folder: Path) -> None:
    """A room inside counts as one, and so does each module beside it."""
    inside = named(folder).replace("/", ".") + "."
    uses: dict[str, set[str]] = {}
    for path in sources(named(folder)):
        here = path.relative_to(folder).parts[0].removesuffix(".py")
        entered = {name.removeprefix(inside).split(".")[0] for name in imports_of(path) if name.startswith(inside)}
        uses.setdefault(here, set()).update(entered - {here})
    TopologicalSorter(uses).prepare()  # CycleError names the circle


@pytest.mark.parametrize("path", [own / "__init__.py" for own in FOLDERS], ids=named)
def test_a_room_says_what_it_is_for(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text()))


def test_no_file_is_long() -> None:
    long = {
        named(p): n for p in sources("tasks", "flows", "bench") if (n := len(p.read_text().splitlines())) > MOST_LINES
    }
    assert not long


def test_no_function_is_long() -> None:
    found = (one for path in sources("tasks", "flows", "bench") for one in functions(path))
    long = {name: lines for name, lines in found if lines > MOST_IN_A_FUNCTION}
    assert not long


PACKAGES = [path for path in sources("tasks", "flows", "bench", "tests") if path.name == "__init__.py"]


@pytest.mark.parametrize("path", PACKAGES, ids=named)
def test_a_package_hands_nothing_on(path: Path) -> None:
    """A name is imported from where it stands: a face that hands names on hides who depends on whom."""
    tree = ast.parse(path.read_text())
    imports = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    brought = {(name.asname or name.name).split(".")[0] for node in imports for name in node.names}
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert "__all__" not in used
    assert not brought - used


@pytest.mark.parametrize("system", SYSTEMS)
def test_nobody_knows_a_systems_name_but_its_own_rooms(system: str) -> None:
    """Adding a system changes nobody else's code. Texts (docs/, README.md), dvc.yaml and params.yaml do name it."""
    own = {f"tasks/{system}", f"tasks/evaluation/{system}", "tasks/evaluation/chapters.py"}
    own |= {f"tasks/params/{system}.py", f"tasks/schemas/{system}.py"} | WORDS.get(system, set())
    own |= OWN_COMMAND.get(system, set())
    knowing = {named(path) for path in sources("tasks", "flows") if re.search(rf"\b{system}\b", path.read_text())}
    strangers = {
        path
        for path in knowing
        if not any(path == place or path.startswith(f"{place}/") for place in own)
        and not path.startswith(f"flows/stages/{system}")
    }
    assert not strangers

"""The house's laws, read off the source: who imports whom, and what every stage has."""

import ast
import inspect
import itertools
import pkgutil
import re
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, get_type_hints

import pytest
import yaml

from flows import PROJECT
from flows.buckets import Out
from flows.launch import module_of as found_module
from tasks import params
from tasks.base import digests
from tasks.base.digests import imports_of, modules_of
from tasks.evaluation.chapters import CHAPTERS

STAGES: dict[str, dict[str, Any]] = yaml.safe_load((PROJECT / "dvc.yaml").read_text())["stages"]
PARAMS: dict[str, dict[str, Any]] = yaml.safe_load((PROJECT / "params.yaml").read_text())
FOUNDATIONS = {"base", "errors", "pages", "params", "phantoms", "schemas", "space", "statistics", "store"}
SHARED = {"ingest", "faces", "findings"}
"""Not foundations, but open to every system."""
SYSTEMS = {"symmetry", "anomaly", "synthesis", "inpainting", "anthropometry", "surface", "fairness"}
SOURCES = sorted((PROJECT / "tasks").rglob("*.py"))


@pytest.fixture(autouse=True, scope="module")
def parsed_once() -> Iterator[None]:
    """A source file that fifty stages stand on is parsed for the first of them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(digests, "imports_of", cache(digests.imports_of))
        yield


def room(path: Path) -> str:
    """The package or module under tasks that a file belongs to."""
    return path.relative_to(PROJECT / "tasks").parts[0].removesuffix(".py")


def rooms_entered(path: Path) -> set[str]:
    return {name.split(".")[1] for name in imports_of(path) if name.startswith("tasks.")}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PROJECT)))
def test_tasks_know_no_orchestrator(path: Any) -> None:
    strangers = {name.split(".")[0] for name in imports_of(path)} & {"prefect", "dvc", "flows"}
    assert not strangers


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PROJECT)))
def test_rooms_are_entered_only_by_those_who_may(path: Any) -> None:
    here, entered = room(path), rooms_entered(path) - {room(path)}
    entered = {
        name for name in entered if (PROJECT / "tasks" / name).exists() or (PROJECT / f"tasks/{name}.py").exists()
    }
    if here in FOUNDATIONS:
        assert entered <= FOUNDATIONS
    elif here in SHARED | SYSTEMS:
        assert entered <= FOUNDATIONS | SHARED
    else:  # a system's part of the evaluation may know that system, when it reads a photograph
        own = path.parent.name if path.stem.startswith("photograph") else None
        assert not entered & (SYSTEMS - {own})


def model_of(block: str) -> Any:
    """The model of a block of params.yaml: its name in camel case, in one of the modules of tasks.params."""
    name = "".join(word.capitalize() for word in block.split("_"))
    modules = [import_module(f"tasks.params.{module.name}") for module in pkgutil.iter_modules(params.__path__)]
    return next(getattr(module, name) for module in modules if hasattr(module, name))


def module_of(stage: str) -> ModuleType:
    module = found_module(stage)
    assert module is not None
    return module


def flow_of(stage: str) -> Any:
    return getattr(module_of(stage), stage)


def modules_used(function: Any) -> set[str]:
    """Modules of ours that a flow function uses, through the helpers of its own module too."""
    module = inspect.getmodule(function)
    assert module is not None
    tree = ast.parse(inspect.getsource(module))
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    wanted, names = [function.__name__], set()
    imports: list[ast.AST] = list(tree.body)
    while wanted:
        for node in ast.walk(functions[wanted.pop()]):
            imports.append(node)
            if isinstance(node, ast.Name) and node.id not in names:
                names.add(node.id)
                wanted += [node.id] if node.id in functions else []
    used = set()
    for node in imports:
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                if (alias.asname or alias.name) in names:
                    used |= {node.module, f"{node.module}.{alias.name}"}
    return used


def files_behind(stage: str) -> set[str]:
    """Every source file of ours on which a stage's result depends, relative to the project."""
    files = {module_of(stage).__name__.replace(".", "/") + ".py"}
    for name in modules_used(flow_of(stage).fn):
        if name.startswith("flows.buckets."):
            files.add("flows/buckets")
        elif name.startswith("tasks") and (PROJECT / name.replace(".", "/")).with_suffix(".py").exists():
            found = modules_of(import_module(name))
            files |= {str(path.relative_to(PROJECT)) for path in found.values()}
    return {
        f for f in files if not f.endswith("__init__.py") and not f.startswith(("tasks/params/", "tasks/errors.py"))
    }


@pytest.mark.parametrize("stage", STAGES)
def test_a_stages_deps_cover_everything_it_imports(stage: Any) -> None:
    deps = [str(dep) for dep in STAGES[stage]["deps"]]
    missing = {f for f in files_behind(stage) if not any(f == dep or f.startswith(f"{dep}/") for dep in deps)}
    assert not missing, f"{stage}: add to deps in dvc.yaml: {sorted(missing)}"


NAMED_ALONE = {"phantoms_uncleft": "data/raw/phantoms"}
"""What a stage is given and does not open: that one compares two folders' names."""


@pytest.mark.parametrize("stage", STAGES)
def test_what_other_stages_make_and_a_stage_reads_is_among_its_deps(stage: Any) -> None:
    """Else DVC runs it at any time, and not again when photographs come in or a person is withdrawn."""
    made = {str(next(iter(out)) if isinstance(out, dict) else out) for one in STAGES.values() for out in one["outs"]}
    own = {str(next(iter(out)) if isinstance(out, dict) else out) for out in STAGES[stage]["outs"]}
    patterns = [re.sub(r"\$\{[^}]*\}", "*", out) for out in made - own]
    words = STAGES[stage]["cmd"].split()
    given = [value for name, value in itertools.pairwise(words) if name.startswith("--")]
    read = {value for value in given if any(fnmatch(value, one) or fnmatch(value, f"{one}/*") for one in patterns)}
    missing = read - own - set(map(str, STAGES[stage]["deps"])) - {NAMED_ALONE.get(stage)}
    assert not missing, f"{stage}: add to deps in dvc.yaml: {sorted(missing)}"


@pytest.mark.parametrize("stage", [stage for stage in STAGES if stage.partition("_")[0] in SYSTEMS])
def test_every_out_of_a_stage_that_can_be_off_says_so(stage: str) -> None:
    """An out that the flow does not call Out is not there when the system is off, and DVC fails."""
    outs = [next(iter(out)) if isinstance(out, dict) else out for out in STAGES[stage]["outs"]]
    kinds = get_type_hints(flow_of(stage).fn, include_extras=True)
    words = STAGES[stage]["cmd"].split()
    given = {name.removeprefix("--"): value for name, value in itertools.pairwise(words) if name.startswith("--")}
    assert {value for name, value in given.items() if kinds[name] == Out} == set(outs)


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_has_flow_docstring_params_and_test(stage: Any) -> None:
    flow = flow_of(stage)
    assert flow.name.replace("-", "_") == stage
    assert inspect.getdoc(flow.fn)
    for block in STAGES[stage].get("params", []):
        assert block.split(".")[0] in PARAMS
    assert any(stage in test.read_text() for test in (PROJECT / "tests").rglob("test_*.py") if test != Path(__file__))


@pytest.mark.parametrize("stage", STAGES)
def test_a_stages_options_are_what_its_command_gives(stage: Any) -> None:
    options = set(re.findall(r"--(\w+)", STAGES[stage]["cmd"]))
    assert options == set(inspect.signature(flow_of(stage).fn).parameters)


@pytest.mark.parametrize("stage", STAGES)
def test_the_blocks_a_flow_loads_are_its_params(stage: Any) -> None:
    """A number that is read but not declared would change without DVC rerunning the stage."""
    loaded = loaded_by(module_of(stage), stage)
    if "chapters" in inspect.getsource(module_of(stage)):  # it loops over them, and each reads numbers of its own
        paths = [path for path in (PROJECT / "tasks/evaluation").rglob("*.py") if path.stem[:10] != "photograph"]
        loaded |= {block for path in paths for block in loads(ast.parse(path.read_text()))}
    declared = {block.split(".")[0] for block in STAGES[stage].get("params", [])}
    everyones = {"runtime", "systems"}
    assert loaded - everyones <= declared
    assert declared - everyones <= loaded


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_of_a_system_depends_on_whether_that_is_on(stage: Any) -> None:
    """The launcher ends a stage whose system is off, so DVC has to see the switch; for who shows all systems, all."""
    system = stage.partition("_")[0]
    declared = [block for block in STAGES[stage].get("params", []) if block.startswith("systems")]
    everyones = ["systems"] if stage in ("report_first", "evaluate") else []
    assert declared == ([f"systems.{system}"] if system in PARAMS["systems"] else everyones)


def test_the_systems_that_can_be_off_are_the_chapters() -> None:
    assert list(PARAMS["systems"]) == [chapter.NAME for chapter in CHAPTERS]


def loaded_by(module: Any, stage: str) -> set[str]:
    """The blocks that a flow loads, through the helpers of its own module too."""
    tree = ast.parse(inspect.getsource(module))
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    wanted, seen, loaded = [stage], set(), set()
    while wanted:
        name = wanted.pop()
        seen.add(name)
        loaded |= loads(functions[name])
        names = {node.id for node in ast.walk(functions[name]) if isinstance(node, ast.Name)}
        wanted += [name for name in names & set(functions) if name not in seen]
    return loaded


def loads(tree: ast.AST) -> set[str]:
    """The blocks that are loaded by name in this code."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return {ast.literal_eval(call.args[1]) for call in calls if ast.unparse(call.func) == "params.load"}


@pytest.mark.parametrize("name", PARAMS)
def test_every_block_has_a_model_that_takes_it(name: Any) -> None:
    assert params.load(model_of(name), name, PROJECT / "params.yaml")


def literals(node: ast.List | ast.Tuple | ast.Set | ast.Dict) -> set[str]:
    """The strings that stand directly in a list, tuple, set or dict."""
    elements = [*node.keys, *node.values] if isinstance(node, ast.Dict) else node.elts
    return {e.value for e in elements if isinstance(e, ast.Constant) and isinstance(e.value, str)}


def test_no_stage_is_listed_twice_in_python() -> None:
    """dvc.yaml alone knows the order: no literal of ours names three stages or more."""
    for path in (*SOURCES, *(PROJECT / "flows").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.List | ast.Tuple | ast.Set | ast.Dict):
                named = literals(node) & set(STAGES)
                assert len(named) < 3, f"{path}: lists stages {named}"

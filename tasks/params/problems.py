"""params.yaml as a whole: everything that does not fit, each with its line and what is accepted, before hours of work.

In: the file. Out: its problems, in the order of their lines; none where every stage can read its numbers. Mistyped
names are told with the nearest right one. Knows every block's model, and no stage.
"""

import importlib
import pkgutil
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from types import ModuleType, NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, RootModel, ValidationError
from pydantic.fields import FieldInfo
from yaml.nodes import MappingNode, Node, SequenceNode

from tasks import params

WORDS: dict[Any, str] = {int: "a whole number", float: "a number", bool: "true or false", str: "text", NoneType: "null"}
BOUNDS = {"ge": "at least {}", "gt": "above {}", "le": "at most {}", "lt": "below {}"}
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong. `line`: in params.yaml, from 1; `key`: such as `symmetry_train.margin`."""

    line: int
    key: str
    said: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.key}: {self.said}" if self.key else f"line {self.line}: {self.said}"


def problems(path: Path, systems: Sequence[str] = ()) -> list[Problem]:
    """Everything wrong with the params.yaml at `path`. `systems`: the names that can stand under `systems`.

    ParamsError where the file cannot be opened.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise params.ParamsError(f"{path}: {error.strerror}; run from the project's folder") from error
    return list(_found(content, tuple(systems)))


@lru_cache(maxsize=4)
def _found(content: bytes, systems: tuple[str, ...]) -> tuple[Problem, ...]:
    """Stages that are forks of one process ask again and again."""
    loader = LOADER(content)
    try:
        root = loader.get_single_node()
        values = loader.construct_document(root) if root is not None else None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        return (Problem(line, "", f"not YAML: {error.problem}; look at this line and the one above"),)
    except (yaml.YAMLError, ValueError) as error:
        return (Problem(1, "", f"not YAML: {error}"),)
    finally:
        loader.dispose()
    if not isinstance(root, MappingNode) or not isinstance(values, dict):
        return (Problem(1, "", "blocks of `key: value` lines expected, one block per stage"),)
    found = [*_twice(root, ()), *_blocks(root, values, systems)]
    return tuple(sorted(found, key=lambda problem: problem.line))


def blocks() -> dict[str, type[BaseModel]]:
    """The model of every block of params.yaml, by the block's name. What several blocks derive from is none."""
    modules()
    from tasks.params.running import Systems

    models = [model for model in last_derived(params.Block) if model.__module__.startswith(params.__name__)]
    inner = {
        part for model in models for field in model.model_fields.values() for part in params.kinds(field.annotation)
    }
    outer = [model for model in models if model not in inner]
    return {"systems": Systems} | {snake(model.__name__): model for model in outer}


def last_derived(model: type[params.Block]) -> list[type[params.Block]]:
    """The models that derive from this one and that none derives from."""
    derived = model.__subclasses__()
    return [found for own in derived for found in last_derived(own)] if derived else [model]


def modules() -> list[ModuleType]:
    """The modules that have blocks."""
    found = pkgutil.iter_modules(params.__path__)
    return [importlib.import_module(f"{params.__name__}.{module.name}") for module in found]


def snake(name: str) -> str:
    """`SymmetryTrain` as params.yaml has it: `symmetry_train`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def of_block(path: Path, content: bytes, block: str, model: type[BaseModel], error: ValidationError) -> str:
    """What is wrong with one block, in a line for people."""
    loader = LOADER(content)
    root = loader.get_single_node()
    loader.dispose()
    return f"{path}: " + "; ".join(map(str, _all_told(root, block, model, error)))


def _blocks(root: MappingNode, values: Mapping[Any, Any], systems: Sequence[str]) -> Iterator[Problem]:
    """The blocks that are missing, those that no stage reads, and what does not fit in the others."""
    models, last = blocks(), root.end_mark.line + 1
    sound: dict[str, BaseModel] = {}
    missing = [name for name in models if name not in values]
    strange = [str(name) for name in values if name not in models]
    for name in strange:
        yield Problem(_line(root, (name,)), name, f"no stage reads this block{meant(name, missing)}")
    for name in (name for name in missing if not any(_near(other, missing) == name for other in strange)):
        yield Problem(last, str(name), f"this block is missing; {_to_write(name, models[name], systems)}")
    for name, model in models.items():
        if name not in values:
            continue
        try:
            made = model.model_validate(values[name])
        except ValidationError as error:
            yield from _all_told(root, name, model, error)
            continue
        if isinstance(made, RootModel) and systems:
            yield from _systems(root, list(made.root), systems)
        sound[name] = made
    for module in modules():
        if hasattr(module, "disagreements"):
            yield from (Problem(_line(root, key.split(".")), key, said) for key, said in module.disagreements(sound))


def _systems(root: MappingNode, there: Sequence[str], systems: Sequence[str]) -> Iterator[Problem]:
    """Systems that do not exist, and those that have no line."""
    strange = [own for own in there if own not in systems]
    for own in strange:
        near = f"; did you mean `{_near(own, systems)}`?" if _near(own, systems) else ""
        said = f"no such system{near}; there are: {', '.join(systems)}"
        yield Problem(_line(root, ("systems", own)), f"systems.{own}", said)
    for own in (
        own for own in systems if own not in there and not any(_near(other, systems) == own for other in strange)
    ):
        yield Problem(
            _line(root, ("systems",)), f"systems.{own}", f"is missing; write {own}: true, or false to switch it off"
        )


def _to_write(name: str, model: type[BaseModel], systems: Sequence[str]) -> str:
    """What to put into params.yaml where a whole block is missing."""
    if name == "systems":
        lines = [f"  {system}: true" for system in systems] or ["  NAME: true"]
        return "\n".join(["write at the top of params.yaml:", "", "systems:", *lines, ""])
    return f"copy it from docs/published.yaml (its keys: {', '.join(model.model_fields)})"


def _all_told(root: Node, block: str, model: type[BaseModel], error: ValidationError) -> list[Problem]:
    """Everything wrong with a block. A key that is missing because it is mistyped is told once."""
    said = [(wrong, _told(root, block, model, wrong)) for wrong in error.errors()]
    meant_keys = {
        (*wrong["loc"][:-1], near)
        for wrong, problem in said
        if wrong["type"] == "extra_forbidden" and (near := problem.said.partition("did you mean `")[2][:-2])
    }
    return [problem for wrong, problem in said if wrong["type"] != "missing" or wrong["loc"] not in meant_keys]


def _told(root: Node, block: str, model: type[BaseModel], wrong: Any) -> Problem:
    """One of pydantic's errors, with its line and what is accepted."""
    place = tuple(wrong["loc"])
    key = ".".join(map(str, (block, *place)))
    owner, field = _field(model, place)
    line = _line(root, (block, *place))
    known = list(owner.model_fields) if owner and not issubclass(owner, RootModel) else []
    if wrong["type"] == "extra_forbidden":
        return Problem(line, key, f"no such key{meant(str(place[-1]), known)}")
    if wrong["type"] == "missing":
        return Problem(line, key, f"is missing{_accepted(field)}")
    if wrong["type"] == "true_is_no_number" and not isinstance(wrong["input"], bool):
        return Problem(line, key, f"one of its values is true or false, where none is a switch{_accepted(field)}")
    if wrong["type"] in ("model_type", "model_attributes_type"):
        return Problem(line, key, f"`key: value` lines expected. Known keys: {', '.join(known)}")
    said = str(wrong["msg"]).removeprefix("Value error, ").removeprefix("Input ")
    value, accepted = wrong.get("input"), _accepted(field)
    if wrong["type"] == "bool_type":
        accepted = ". Accepted: true or false"
    shown = f"{value!r}" if isinstance(value, str | int | float | NoneType) else "this"
    shown = {"True": "true", "False": "false", "None": "null"}.get(shown, shown)  # as YAML has them
    if accepted and wrong["type"] != "value_error":
        return Problem(line, key, f"{shown} does not fit{accepted}")
    return Problem(line, key, said if wrong["type"] == "value_error" else f"{shown} does not fit: it {said}{accepted}")


def meant(name: str, known: Sequence[str]) -> str:
    """`; did you mean ...?` where a known name is near, and always which there are."""
    near = _near(name, known)
    there = f". Known keys: {', '.join(known)}" if known else ""
    return f"; did you mean `{near}`?" if near else there


def _near(name: str, known: Sequence[str]) -> str | None:
    return next(iter(get_close_matches(name.lower(), known, 1, 0.6)), None)


def _field(model: type[BaseModel], place: Sequence[Any]) -> tuple[type[BaseModel] | None, FieldInfo | None]:
    """The innermost model that a place lies in, and its field there."""
    owner, field = model, None
    for number, name in enumerate(place):
        if name not in owner.model_fields:
            continue  # an item of a list, a name of a table, or one of several kinds
        field = owner.model_fields[name]
        inner = [
            part for part in params.kinds(field.annotation) if isinstance(part, type) and issubclass(part, BaseModel)
        ]
        if inner and number < len(place) - 1:
            owner, field = inner[0], None
        elif inner:
            owner = inner[0]
    return owner, field


def _accepted(field: FieldInfo | None) -> str:
    """What may stand there: its kind, its bounds, what it means."""
    if field is None:
        return ""
    kinds = get_args(field.annotation) if get_origin(field.annotation) in (Union, UnionType) else (field.annotation,)
    names = [WORDS[kind] for kind in kinds if kind in WORDS]
    names += [str(value) for kind in kinds if get_origin(kind) is Literal for value in get_args(kind)]
    limits = [(how, getattr(rule, how, None)) for rule in field.metadata for how in BOUNDS]
    bounds = [BOUNDS[how].format(limit) for how, limit in limits if limit is not None]
    parts = " or ".join(names) + "".join(f", {bound}" for bound in bounds)
    accepted = f". Accepted: {parts}" if parts else ""
    return accepted + (f" ({field.description})" if field.description else "")


def _line(root: Node, place: Sequence[Any]) -> int:
    """The line of a key, or that of what it should stand in."""
    node, line = root, root.start_mark.line
    for name in place:
        if isinstance(node, MappingNode):
            pairs = [(key, value) for key, value in node.value if str(key.value) == str(name)]
            if not pairs:
                break
            line, node = pairs[-1][0].start_mark.line, pairs[-1][1]
        elif isinstance(node, SequenceNode) and isinstance(name, int) and name < len(node.value):
            node = node.value[name]
            line = node.start_mark.line
    return int(line) + 1


def _twice(node: Node, place: tuple[str, ...]) -> Iterator[Problem]:
    """Keys that stand twice in one block: YAML takes the second without a word."""
    if isinstance(node, SequenceNode):
        for item in node.value:
            yield from _twice(item, place)
    if not isinstance(node, MappingNode):
        return
    first: dict[str, int] = {}
    for key, value in node.value:
        name, line = str(key.value), key.start_mark.line + 1
        if name in first:
            yield Problem(line, ".".join((*place, name)), f"stands twice, in line {first[name]} too; keep one")
        first.setdefault(name, line)
        yield from _twice(value, (*place, name))

"""A list that people write in YAML, read so that everything wrong with it is told with its line.

In: a file whose one key has a list of `key: value` entries. Out: the entries, each value with its line. Runs nothing
and follows no alias. Knows neither measures nor rules.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NoReturn

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from tasks.errors import InputError

LARGEST, DEEPEST = 1 << 20, 12
"""Bytes of a file, and levels within it."""

Plain = str | int | float | bool | None


class DeclaredError(InputError):
    """The file cannot be used; the message names file and line, what is wrong and what is accepted."""


@dataclass(frozen=True)
class Told:
    """A value and where it stands. `value`: a Plain, a list of Told, or a dictionary of Told by key."""

    value: Any
    path: Path
    line: int  # from 1

    def wrong(self, said: str) -> NoReturn:
        """DeclaredError: what is wrong here."""
        raise DeclaredError(f"{self.path}, line {self.line}: {said}")

    def keys(self, required: Sequence[str], optional: Sequence[str] = ()) -> "dict[str, Told]":
        """The entry as a dictionary. DeclaredError: it is none, a key is missing, strange or mistyped."""
        if not isinstance(self.value, dict):
            self.wrong(f"`key: value` lines expected; keys: {', '.join((*required, *optional))}")
        for key, own in self.value.items():
            if key not in (*required, *optional):
                own.wrong(f"{key}: no such key{near(key, (*required, *optional))}")
        for key in required:
            if key not in self.value:
                self.wrong(f"{key} is missing")
        return dict(self.value)

    def text(self, among: Sequence[str] = (), *, beside: str = "") -> str:
        """The value as text; with `among`, one of these; `beside`: what else is told of one that is not."""
        if not isinstance(self.value, str) or not self.value.strip():
            self.wrong(f"text expected, not {self._shown()}")
        if among and self.value not in among:
            self.wrong(f"{self.value!r} is not known{near(self.value, among)}{beside}")
        return self.value.strip()

    def number(self) -> float:
        """The value as a finite number."""
        if isinstance(self.value, bool) or not isinstance(self.value, int | float) or abs(self.value) == float("inf"):
            self.wrong(f"a number expected, not {self._shown()}")
        if self.value != self.value:
            self.wrong("a number expected, not .nan")
        return float(self.value)

    def items(self) -> "list[Told]":
        """The value as a list."""
        if not isinstance(self.value, list):
            self.wrong(f"a list expected, not {self._shown()}")
        return list(self.value)

    def _shown(self) -> str:
        kinds = {dict: "`key: value` lines", list: "a list", type(None): "nothing"}
        return kinds.get(type(self.value), repr(self.value))


def near(name: str, known: Sequence[str]) -> str:
    """`; did you mean ...?` where a known name is near, else which there are (of a long list: the first)."""
    close = get_close_matches(str(name).lower(), known, 1, 0.6)
    if close:
        return f"; did you mean {close[0]}?"
    more = f" and {len(known) - 12} more (docs/measures.md)" if len(known) > 12 else ""
    return f"; there are: {', '.join(known[:12])}{more}"


def dimensions_of(entry: Told) -> int:
    """In how many dimensions an entry is meant: 2 where it says nothing."""
    said = entry.value.get("dimensions") if isinstance(entry.value, dict) else None
    if said is None:
        return 2
    if said.value not in (2, 3) or isinstance(said.value, bool):
        said.wrong("dimensions: 2 (a photograph) or 3 (photographs from several sides) expected")
    return int(said.value)


def entries(path: Path, key: str) -> list[Told]:
    """The entries of the list under the file's one key. DeclaredError names what is wrong, and the line."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DeclaredError(f"{path}: {error.strerror}") from error
    if len(content) > LARGEST:
        raise DeclaredError(f"{path}: {len(content):,} bytes; at most {LARGEST:,} are read")
    try:
        for event in yaml.parse(content, yaml.SafeLoader):
            if isinstance(event, yaml.AliasEvent):
                line = event.start_mark.line + 1 if event.start_mark else 1
                raise DeclaredError(f"{path}, line {line}: *{event.anchor} repeats what stands elsewhere; write it out")
        root = yaml.compose(content, yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise DeclaredError(f"{path}, line {line}: not YAML: {error.problem}") from error
    except (yaml.YAMLError, RecursionError, UnicodeError) as error:
        raise DeclaredError(f"{path}: not YAML: {str(error) or 'nested too deep'}") from error
    if root is None:
        raise DeclaredError(f"{path}: empty; a list under `{key}:` is expected")
    return _told(root, path, 0).keys((key,))[key].items()


def _told(node: Node, path: Path, depth: int) -> Told:
    line = node.start_mark.line + 1
    if depth > DEEPEST:
        raise DeclaredError(f"{path}, line {line}: nested deeper than {DEEPEST} levels")
    if isinstance(node, SequenceNode):
        return Told([_told(own, path, depth + 1) for own in node.value], path, line)
    if isinstance(node, MappingNode):
        found: dict[str, Told] = {}
        for key, value in node.value:
            name, own = str(getattr(key, "value", "?")), key.start_mark.line + 1
            if name in found:
                raise DeclaredError(f"{path}, line {own}: {name} stands twice in one entry")
            told = _told(value, path, depth + 1)
            found[name] = Told(told.value, path, own if isinstance(value, ScalarNode) else told.line)
        return Told(found, path, line)
    return Told(_plain(node, path, line), path, line)


def _plain(node: Node, path: Path, line: int) -> Plain:
    """A scalar as YAML means it: text, a number, true or false, nothing. Any other kind is an error."""
    kind = node.tag.removeprefix("tag:yaml.org,2002:")
    if kind not in ("str", "int", "float", "bool", "null"):
        raise DeclaredError(f"{path}, line {line}: {node.value!r} is read as a {kind}; put it into quotes")
    value: Plain = yaml.SafeLoader("").construct_object(node)
    return value

"""What DVC reads, parsed once: it parses params.yaml, dvc.yaml and dvc.lock again for every step of every stage.

In: the text of a file. Out: what DVC's own functions make of that text, a new copy each time; of dvc.lock, stage by
stage, since one stage's lines change at a time. Keyed by the text, so a changed file is parsed again. DVC has no
setting for this, so its functions are replaced: in the process that runs the pipeline for `vermilion rebuild`, and
while a command looks at what changed (flows.repository.looking).
"""

import io
import pickle
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from dvc import output
from dvc.dependency import param
from dvc.fs import LocalFileSystem
from dvc.utils import strictyaml
from dvc.utils.serialize import _yaml

from flows.repository.lockfile import HEAD, blocks

_parse_by_dvc = _yaml.parse_yaml
_validate_by_dvc = strictyaml.validate
_params_by_dvc = param.read_param_file
_place_by_dvc = output.get_cloud_fs

Schema = Callable[[Any], Any]

_PLAIN = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
"""A number's name without patterns or places in a list, as all in dvc.yaml are."""

_parsed: dict[str, bytes] = {}

_valid: dict[tuple[int, str], Schema] = {}
"""Pieces of text that fit a schema. The schema stays here, so that its id stays its own."""


def use() -> None:
    """From now on DVC, in this process, reads this way."""
    _yaml.parse_yaml = strictyaml.parse_yaml = parse
    strictyaml.validate = validate
    param.read_param_file = read_params
    output.get_cloud_fs = place_of


@contextmanager
def used() -> Iterator[None]:
    """As `use`, for as long as the context lasts."""
    before = _yaml.parse_yaml, strictyaml.parse_yaml, strictyaml.validate, param.read_param_file, output.get_cloud_fs
    use()
    try:
        yield
    finally:
        _yaml.parse_yaml, strictyaml.parse_yaml, strictyaml.validate = before[:3]
        param.read_param_file, output.get_cloud_fs = before[3:]


def parse(text: str, path: str, typ: str = "safe") -> Any:
    """`parse_yaml` of DVC. What keeps comments (`typ` rt) is left to DVC."""
    if typ != "safe" or not isinstance(text, str):
        return _parse_by_dvc(text, path, typ)
    found = [_copy(piece, path) for piece in _pieces(text)]
    if len(found) == 1:
        return found[0]
    return {"schema": "2.0", "stages": {name: stage for one in found for name, stage in one["stages"].items()}}


def validate(data: Any, schema: Schema, text: str | None = None, path: str | None = None, rev: Any = None) -> Any:
    """`validate` of DVC. Whoever gives a text, as DVC's `load` does, asks only whether `data` is valid."""
    if text is None:
        return _validate_by_dvc(data, schema, text, path, rev)
    new = [piece for piece in _pieces(text) if (id(schema), piece) not in _valid]
    try:
        for piece in new:
            _validate_by_dvc(parse(piece, path or ""), schema)
            _valid[id(schema), piece] = schema
    except strictyaml.YAMLValidationError:
        return _validate_by_dvc(data, schema, text, path, rev)  # which names the line
    return data


def read_params(fs: Any, path: str, key_paths: list[str] | None = None, flatten: bool = False, **options: Any) -> Any:
    """`read_param_file` of DVC. Other files than YAML of the project's folder are left to DVC."""
    if not isinstance(fs, LocalFileSystem) or Path(path).suffix != ".yaml" or options:
        return _params_by_dvc(fs, path, key_paths, flatten, **options)
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):  # DVC will say so
        return _params_by_dvc(fs, path, key_paths, flatten)
    return pickle.loads(_params(text, path, tuple(key_paths or ()), flatten))


def place_of(config: Any, **given: Any) -> Any:
    """`get_cloud_fs` of DVC, which holds every path of every stage against the schema of all remotes there are.

    A path of this machine differs from another one in nothing but itself.
    """
    path = given.get("url")
    if len(given) != 1 or not isinstance(path, str) or ":" in path:
        return _place_by_dvc(config, **given)
    kind, settings = _local((config or {}).get("core", {}).get("checksum_jobs"))
    return kind, dict(settings), kind._strip_protocol(path)


@lru_cache
def _local(checksum_jobs: int | None) -> Any:
    """What DVC makes of any path of this machine: its kind of file system, and the settings of that."""
    return _place_by_dvc({"core": {"checksum_jobs": checksum_jobs} if checksum_jobs else {}}, url="path")[:2]


def _pieces(text: str) -> list[str]:
    """dvc.lock as one file per stage; every other text is one piece."""
    return [HEAD + block for block in (blocks(text) or {}).values()] or [text]


def _copy(text: str, path: str) -> Any:
    """What DVC makes of the text; `path` is for its errors."""
    if text not in _parsed:
        _parsed[text] = pickle.dumps(_parse_by_dvc(text, path))
    return pickle.loads(_parsed[text])


@dataclass(frozen=True)
class _Text:
    """A file system whose one file has this text."""

    text: str

    def suffix(self, path: str) -> str:
        return Path(path).suffix

    def open(self, path: str, **options: Any) -> io.StringIO:
        return io.StringIO(self.text)


@lru_cache(maxsize=1024)
def _params(text: str, path: str, keys: tuple[str, ...], flatten: bool) -> bytes:
    if not flatten or not keys or not all(_PLAIN.fullmatch(key) for key in keys):
        return pickle.dumps(_params_by_dvc(_Text(text), path, list(keys) or None, flatten))
    whole = pickle.loads(_params(text, path, (), flatten))
    return pickle.dumps({key: found[0] for key in keys if (found := _under(whole, key.split(".")))})


def _under(whole: Any, names: list[str]) -> list[Any]:
    """The value under these names, nothing where there is none: DVC looks at every value of the file for each name."""
    for name in names:
        if not isinstance(whole, dict) or name not in whole:
            return []
        whole = whole[name]
    return [whole]

"""What is recorded of a base model's files: base.json, and the registry of bases under data/weights/bases.

In: a FLUX folder in diffusers' layout, wherever it lies. Out: a Manifest with sha256 and size of every file that is
ever opened: configurations, vocabularies, safetensors. Pickled weights (.bin, .pt, .ckpt) are left out, and never
opened. Nobody publishes the sha256 of FLUX.1-schnell's files where this project could check it offline, so the first
registration records what it finds, and every later use is held to that. Fetches nothing. Knows nothing of torch.
"""

import hashlib
import json
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from tqdm import tqdm

from tasks.base.escaping import said
from tasks.base.tables import replacing
from tasks.errors import InputError

MANIFEST = "base.json"
REGISTRY = "bases"
"""Folder of the registered bases' records in the weights folder."""
OPENED = (".safetensors", ".json", ".txt", ".model")
PARTS = {
    "scheduler": ("FlowMatchEulerDiscreteScheduler",),
    "text_encoder": ("CLIPTextModel",),
    "text_encoder_2": ("T5EncoderModel",),
    "tokenizer": ("CLIPTokenizer", "CLIPTokenizerFast"),
    "tokenizer_2": ("T5TokenizerFast", "T5Tokenizer"),
    "transformer": ("FluxTransformer2DModel",),
    "vae": ("AutoencoderKL",),
}
"""Subfolders of a FLUX folder, and the classes that model_index.json may name for them."""
NETWORKS = ("text_encoder", "text_encoder_2", "transformer", "vae")
SCHNELL_LENGTH = 256
PIECE = 1 << 24
LARGEST_TEXT = 32 << 20
"""Bytes of a configuration, a list of shards or a vocabulary; T5's has 2.4 MB."""
SCHNELL = """\
FLUX.1-schnell, Black Forest Labs, 2024: 12 billion parameters, distilled to 4 steps.
Licence: Apache-2.0. Origin: the publisher's model page, black-forest-labs/FLUX.1-schnell, in diffusers' layout:
model_index.json and the folders scheduler, text_encoder, text_encoder_2, tokenizer, tokenizer_2, transformer, vae
(about 34 GB in bfloat16). Its model card forbids, among others, use that harms minors and the making of identifiable
data to a person's harm; read it before you accept.
"""
SCHNELL_LICENCE = "Apache-2.0"


class BaseError(InputError):
    """A base model cannot be used; the message names the file or number, and says what is accepted."""


class File(BaseModel):
    """One file as it was when it was recorded."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    size: int = Field(ge=0)


class Manifest(BaseModel):
    """What is recorded of a base."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    folder: str = Field(description="of the files: relative to base.json for the stand-in, else absolute")
    licence: str
    accepted: str | None = Field(description="day on which the licence was accepted; none was needed for the stand-in")
    stand_in: bool
    text_length: int = Field(ge=1, description="tokens that T5 reads")
    files: dict[str, File]


def register(folder: Path, name: str, *, registry: Path, accept: bool) -> Manifest:
    """Hash a FLUX folder's files, with a progress bar, and write `registry`/bases/`name`.json.

    `accept`: the licence of SCHNELL, which the caller has shown. BaseError: not accepted, a bad name, not a FLUX
    folder, a shard missing, an adapter or guidance-distilled model.
    """
    if not accept:
        raise BaseError(f"{name}: the licence was not accepted; read it, then say --accept\n{SCHNELL}".strip())
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name) or name == "stand_in":
        raise BaseError(f"{name!r} names no base; letters, digits, '.', '_' and '-' are accepted, and not stand_in")
    folder = folder.resolve()
    names = files_of(folder)
    manifest = Manifest(
        name=name,
        folder=str(folder),
        licence=SCHNELL_LICENCE,
        accepted=datetime.now(UTC).date().isoformat(),
        stand_in=False,
        text_length=SCHNELL_LENGTH,
        files=_hashed(folder, names),
    )
    write_manifest(manifest, registry / REGISTRY / f"{name}.json")
    return manifest


def registered(name: str, *, registry: Path) -> Manifest:
    """The record of a registered base. BaseError lists those there are."""
    path = registry / REGISTRY / f"{name}.json"
    if not path.exists():
        known = sorted(file.stem for file in path.parent.glob("*.json"))
        raise BaseError(
            f"synthesis_base: source {name!r} is no registered base; there are: {', '.join(known) or 'none'}. "
            "Register one by `vermilion synthesis register FOLDER NAME`, or take stand_in"
        )
    manifest = read_manifest(path)
    if not manifest.stand_in and not manifest.accepted:
        raise BaseError(f"{path}: the licence ({manifest.licence}) was not accepted; register the base again")
    return manifest


def verify(manifest: Manifest) -> None:
    """Compare every file's sha256 with the record. BaseError names the first that is missing or differs."""
    folder = Path(manifest.folder)
    check_presence(manifest, folder)
    found = _hashed(folder, list(manifest.files))
    for name, file in manifest.files.items():
        if found[name] != file:
            raise BaseError(
                f"{folder / name}: sha256 {found[name].sha256}, recorded was {file.sha256}; it was not opened. "
                f"Put the recorded file back, or register {manifest.name} again"
            )


def check_presence(manifest: Manifest, folder: Path) -> None:
    """BaseError names the first file that is missing or has another size."""
    for name, file in sorted(manifest.files.items()):
        path = folder / name
        if not path.is_file():
            raise BaseError(f"{path}: missing; the base {manifest.name} needs it")
        if path.stat().st_size != file.size:
            raise BaseError(f"{path}: {path.stat().st_size:,} bytes, recorded were {file.size:,}")


def files_of(folder: Path) -> list[str]:
    """Names of the files that are opened, relative to `folder`. BaseError: not a FLUX folder in diffusers' layout."""
    _check_classes(folder)
    names = ["model_index.json"]
    for part in PARTS:
        own = sorted(file for file in (folder / part).glob("*") if file.is_file() and file.suffix in OPENED)
        if not own:
            raise BaseError(f"{folder / part}: no files that can be used; {', '.join(OPENED)} are accepted")
        if part in NETWORKS:
            _check_weights(folder / part, {file.name for file in own})
        names += [file.relative_to(folder).as_posix() for file in own]
    return names


def _check_classes(folder: Path) -> None:
    index = _json(folder / "model_index.json", "a FLUX folder in diffusers' layout has it")
    if index.get("_class_name") != "FluxPipeline":
        raise BaseError(f"{folder / 'model_index.json'}: {index.get('_class_name')!r}; FluxPipeline is accepted")
    for part, kinds in PARTS.items():
        given = index.get(part)
        kind = given[1] if isinstance(given, list) and len(given) == 2 else None
        if kind not in kinds:
            raise BaseError(f"{folder / 'model_index.json'}: {part} is {kind!r}; {' or '.join(kinds)} is accepted")
    if _json(folder / "transformer/config.json", "FLUX has it").get("guidance_embeds"):
        raise BaseError(
            f"{folder / 'transformer/config.json'}: guidance_embeds, as FLUX.1-dev has them; "
            "FLUX.1-schnell and models made from it are accepted"
        )


def _check_weights(part: Path, names: set[str]) -> None:
    """BaseError: no safetensors, or a shard that the index names is not there."""
    if not any(name.endswith(".safetensors") for name in names):
        pickled = [
            file.name for file in sorted(part.glob("*")) if file.suffix in (".bin", ".pt", ".pth", ".ckpt", ".pkl")
        ]
        beside = f" ({', '.join(pickled)} can run code and is not opened)" if pickled else ""
        raise BaseError(f"{part}: no .safetensors weights{beside}")
    for name in sorted(names):
        if name.endswith(".safetensors.index.json"):
            places = _json(part / name, "").get("weight_map")
            shards = {str(shard) for shard in (places.values() if isinstance(places, dict) else ())}
            if missing := sorted(shards - names):
                raise BaseError(f"{part / said(missing[0])}: missing; {name} names it")


def _json(path: Path, why: str) -> dict[str, Any]:
    try:
        if path.stat().st_size > LARGEST_TEXT:
            raise BaseError(f"{path}: {path.stat().st_size:,} bytes; {LARGEST_TEXT:,} at most are accepted")
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BaseError(f"{path}: cannot be read ({error.strerror}); {why}") from error
    except (ValueError, RecursionError) as error:
        raise BaseError(f"{path}: not JSON, or nested too deep: {said(error)}") from error
    if not isinstance(found, dict):
        raise BaseError(f"{path}: not a JSON object")
    return found


def digested(path: Path) -> File:
    """sha256 and size of a file."""
    with path.open("rb") as file:
        return File(sha256=hashlib.file_digest(file, "sha256").hexdigest(), size=path.stat().st_size)


def _hashed(folder: Path, names: list[str]) -> dict[str, File]:
    total = sum((folder / name).stat().st_size for name in names)
    interval = 0.5 if sys.stderr.isatty() else 20.0
    found = {}
    with tqdm(total=total, desc="checking the base", unit="B", unit_scale=True, mininterval=interval) as bar:
        for name in names:
            hasher, size = hashlib.sha256(), 0
            with (folder / name).open("rb") as file:
                while piece := file.read(PIECE):
                    hasher.update(piece)
                    size += len(piece)
                    bar.update(len(piece))
            found[name] = File(sha256=hasher.hexdigest(), size=size)
    return found


def read_manifest(path: Path) -> Manifest:
    """The record in a file. BaseError: it cannot be read, or is no such record."""
    if not path.exists():
        raise BaseError(f"{path}: missing; the stage synthesis_base writes it")
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise BaseError(f"{path}: no record of a base: {str(error).splitlines()[0]}") from error


def write_manifest(manifest: Manifest, path: Path) -> None:
    """Write the record, sorted, whole or not at all."""
    text = json.dumps(manifest.model_dump(mode="json"), indent=2, sort_keys=True) + "\n"
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")

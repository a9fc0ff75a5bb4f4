"""Every table: its columns, what they mean, and the checks made whenever one is written or read.

In: pyarrow tables. Out: Parquet files whose metadata say what made them. A table is one file, or a
folder of parts of the same schema (one per bucket), read in the parts' name order. Bytes are a function
of the rows alone: no dates, no machine names. The schemas themselves stand in tasks/schemas.
"""

import errno
import json
import operator
import os
import re
import shutil
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tasks.errors import InputError

PROVENANCE = b"vermilion"
"""Key of the provenance record (JSON) in a Parquet file's metadata."""

ABSENT = b"absent"
"""Key of the reason in the metadata of a Parquet file whose data are absent (tasks.base.absence)."""

ROW_GROUP = 256
"""Rows per row group: pictures sit in rows, and a whole group is in memory when written."""


ANEW = "where another version of Vermilion wrote it, make it anew: `dvc repro`, or the command that wrote it"
"""What to do with a table whose columns are not the present ones."""


class TableError(InputError):
    """A table is not what its schema says; the message names the table, the column and the values."""


@dataclass(frozen=True)
class Column:
    """One column. `allowed`, `low` and `high` bind non-null values; `unit` is empty for pure numbers and names.

    `later`: tables that were written before it came are read as if it were null there.
    """

    name: str
    type: pa.DataType
    meaning: str
    unit: str = ""
    nullable: bool = False
    allowed: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    later: bool = False

    def check(self, values: pa.ChunkedArray, table: str) -> None:
        """TableError unless the values are of the column's type, nullness and range."""
        where = f"table {table!r}, column {self.name!r}"
        if values.type != self.type:
            raise TableError(f"{where}: is {values.type}, should be {self.type}")
        if not self.nullable and values.null_count:
            raise TableError(f"{where}: {values.null_count} nulls, none allowed")
        numbers = pc.list_flatten(values) if pa.types.is_list(self.type) else values
        if pa.types.is_floating(numbers.type) and pc.any(pc.is_nan(numbers)).as_py():
            raise TableError(f"{where}: NaN; a missing value is null, with a reason")
        if self.allowed and (strange := set(pc.unique(values).to_pylist()) - {*self.allowed, None}):
            raise TableError(f"{where}: {sorted(strange)}; accepted: {', '.join(self.allowed)}")
        if self.low is not None or self.high is not None:
            ends = pc.min_max(values).as_py()
            for bound, value, wrong in (
                (self.low, ends["min"], operator.lt),
                (self.high, ends["max"], operator.gt),
            ):
                if bound is not None and value is not None and wrong(value, bound):
                    raise TableError(f"{where}: {value} outside {self.low} .. {self.high} {self.unit}".rstrip())


@dataclass(frozen=True)
class Schema:
    """A table's name, columns in order, the columns that together identify a row, and laws over whole tables.

    A rule takes the table and says what is wrong with it, or None.
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    rules: tuple[Callable[[pa.Table], str | None], ...] = ()

    @property
    def arrow(self) -> pa.Schema:
        """The columns as pyarrow fields, meaning and unit in their metadata."""
        return pa.schema(
            pa.field(c.name, c.type, c.nullable, metadata={"meaning": c.meaning, "unit": c.unit}) for c in self.columns
        )

    def table(self, rows: Iterable[Mapping[str, Any]]) -> pa.Table:
        """Rows by column name as a checked table; a missing column is null, an unknown one an error."""
        rows = list(rows)
        names = {c.name for c in self.columns}
        if strange := {name for row in rows for name in row} - names:
            raise TableError(f"table {self.name!r}: no column {sorted(strange)}; there are: {', '.join(sorted(names))}")
        return self.check(pa.table({c.name: self._column(c, rows) for c in self.columns}))

    def _column(self, column: Column, rows: Sequence[Mapping[str, Any]]) -> pa.Array:
        try:
            return pa.array((row.get(column.name) for row in rows), column.type, size=len(rows))
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            raise TableError(f"table {self.name!r}, column {column.name!r}: {error}") from error

    def check(self, table: pa.Table) -> pa.Table:
        """The same table with the schema's fields; TableError where it does not fit."""
        missing = [c.name for c in self.columns if c.name not in table.column_names]
        extra = [name for name in table.column_names if name not in {c.name for c in self.columns}]
        if missing or extra:
            raise TableError(f"table {self.name!r}: missing columns {missing}, unknown columns {extra}; {ANEW}")
        for column in self.columns:
            column.check(table[column.name], self.name)
        self.check_whole(table)
        return table.select([c.name for c in self.columns]).cast(self.arrow)

    def check_whole(self, table: pa.Table) -> None:
        """TableError where rows contradict each other: a key that stands twice, a rule that is broken."""
        counts = table.group_by(list(self.key), use_threads=False).aggregate([([], "count_all")])
        twice = counts.filter(pc.greater(counts["count_all"], 1)).select(list(self.key)).to_pylist()
        if twice:
            raise TableError(f"table {self.name!r}: {len(twice)} keys stand twice, the first {twice[0]}")
        for wrong in filter(None, (rule(table) for rule in self.rules)):
            raise TableError(f"table {self.name!r}: {wrong}")


def write(table: pa.Table, path: Path, schema: Schema, *, provenance: Mapping[str, Any]) -> None:
    """Write the checked table to `path` with its provenance; whole or not at all (temporary name, rename).

    OSError names the path (a full disk, no permission) and leaves nothing behind.
    """
    stamped = schema.check(table).replace_schema_metadata({PROVENANCE: json.dumps(provenance, sort_keys=True)})
    with replacing(path, size=stamped.nbytes) as temporary:
        pq.write_table(stamped, temporary, compression="zstd", row_group_size=ROW_GROUP, use_dictionary=False)


@contextmanager
def replacing(path: Path, *, size: int = 0) -> Iterator[Path]:
    """A temporary path beside `path`, flushed and renamed to it at the end; removed on any error.

    OSError (a full disk, no permission) names `path`; of a full disk it says how many bytes were to be written, as far
    as that is known (`size`: what the caller expects), and how many were free.
    """
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")  # is_half_written knows it by its name
    free = 0
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(path.parent).free
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        written = temporary.stat().st_size if temporary.exists() else 0
        raise unwritten(path, error, needed=max(size, written), free=free) from error
    finally:
        temporary.unlink(missing_ok=True)


def is_half_written(file: Path) -> bool:
    """Whether a process that was killed in `replacing` left the file."""
    return re.fullmatch(r"\..+\.[0-9a-f]{32}\.tmp", file.name) is not None


def unwritten(path: Path, error: OSError, *, needed: int, free: int) -> OSError:
    """The error that names the path; of a full disk also the bytes that were to be written, and that were free."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    room = f" {needed:,} bytes or more ({free:,} were free)" if full else ""
    return OSError(error.errno, f"{error.strerror or error}, while writing{room}", str(path))


def parts(path: Path) -> list[Path]:
    """The Parquet files of a table, in name order: the file itself, or the folder's; none where it is absent."""
    if path.is_dir():
        return sorted(path.glob("*.parquet"))
    return [] if absence_of(path) else [path]


def absence_of(file: Path) -> str | None:
    """Why the table's data are absent (tasks.base.absence); None where the file is a table, or is not there."""
    try:
        metadata = pq.read_schema(file).metadata if file.is_file() else None
    except pa.ArrowInvalid:
        return None  # whoever reads it says what is wrong
    return str(metadata[ABSENT].decode()) if metadata and ABSENT in metadata else None


def read(path: Path, schema: Schema, columns: Sequence[str] | None = None) -> pa.Table:
    """The table at `path` (file or folder), checked; only `columns` when given (then the key is not checked)."""
    files = parts(path)
    if not files:
        return schema.table([]) if columns is None else schema.table([]).select(list(columns))
    found = [_unchecked(file, schema, columns) for file in files]
    try:
        return _checked(pa.concat_tables(found), schema, columns)  # at once: part by part takes twice the time
    except (TableError, pa.ArrowInvalid):
        each = pa.concat_tables(_part(file, own, schema, columns) for file, own in zip(files, found, strict=True))
        return _checked(each, schema, columns)


def read_each(path: Path, schema: Schema, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
    """The table's parts one by one, checked, for tables too large to hold."""
    for file in parts(path):
        yield _read_part(file, schema, columns)


def _read_part(file: Path, schema: Schema, columns: Sequence[str] | None) -> pa.Table:
    return _part(file, _unchecked(file, schema, columns), schema, columns)


def _part(file: Path, table: pa.Table, schema: Schema, columns: Sequence[str] | None) -> pa.Table:
    """The checked part; TableError names its file."""
    try:
        return _checked(table, schema, columns)
    except TableError as error:
        raise TableError(f"{file}: {error}") from error


def _unchecked(file: Path, schema: Schema, columns: Sequence[str] | None) -> pa.Table:
    try:
        with pq.ParquetFile(file) as opened:  # read_table makes a data set first: thrice the time for a small file
            table = opened.read(list(columns) if columns is not None else None, use_threads=False)
        return _with_later(table, schema, columns).replace_schema_metadata()
    except FileNotFoundError:
        raise
    except (pa.ArrowInvalid, OSError) as error:
        raise TableError(f"{file}: not a readable Parquet file of table {schema.name!r}: {error}") from error


def _checked(table: pa.Table, schema: Schema, columns: Sequence[str] | None) -> pa.Table:
    """The table with the schema's fields, chunks as they are; TableError where it does not fit."""
    if columns is None:
        return schema.check(table)
    known = {c.name: c for c in schema.columns}
    for name in columns:
        known[name].check(table[name], schema.name)
    return table.cast(pa.schema(schema.arrow.field(name) for name in columns))


def _with_later(table: pa.Table, schema: Schema, columns: Sequence[str] | None) -> pa.Table:
    """The table with nulls in columns that came later than its file."""
    for column in schema.columns:
        if column.later and column.name not in table.column_names and (columns is None or column.name in columns):
            table = table.append_column(column.name, pa.nulls(len(table), column.type))
    if lost := set(columns or ()) - set(table.column_names):
        raise pa.ArrowInvalid(f"no column {', '.join(sorted(lost))}")
    return table if columns is None else table.select(list(columns))


def provenance_of(path: Path) -> dict[str, Any]:
    """What made the table (of a folder: its first part): stage, parameters, inputs, weights, seed, code."""
    files = parts(path)
    try:
        metadata = pq.read_schema(files[0]).metadata if files else None
    except pa.ArrowInvalid as error:
        raise TableError(f"{files[0]}: not a readable Parquet file: {error}") from error
    return dict(json.loads(metadata[PROVENANCE])) if metadata and PROVENANCE in metadata else {}

"""Who is withdrawn, and the words and digests by which a text, a cell, a path or plain bytes tell of them.

In: ids of photographs and frames, names. Out: whether something has one, and texts without them. A digest counts
anywhere. A name counts as a whole word where it is telling; one that is not (`12`) only in a column of subjects. In
bytes that are no text only a long name counts: a few letters turn up by chance in any megabyte of pixels. Reads no
file.
"""

import html
import json
import re
import unicodedata
import urllib.parse
from functools import cached_property
from pathlib import Path

from pydantic import BaseModel, ConfigDict

GONE = "withdrawn"
"""What stands where a name stood."""

LONG = 6
"""So many letters do not turn up by chance: once in ten thousand gigabytes of noise."""

SUBJECTS = ("subject_id", "subject", "patient_id", "patient", "participant_id", "participant", "person_id", "person")
"""Columns that hold names of subjects, in tables of whoever made them."""

OTHERS = ("rater_id", "rater", "rater_role", "scale", "stage")
"""Columns that hold names of somebody or something else: a rater may be called as a subject is."""

_DIGESTS = re.compile(rb"[0-9a-fA-F]{64,}")


class Person(BaseModel):
    """Who is withdrawn. `images`: sha256 of photographs and clips; `frames`: ids of frames of the clips.

    `subject`: the person's name where all of the person is withdrawn; `names`: of the photographs; `sizes`: in bytes.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", ignored_types=(cached_property,))
    subject: str | None
    control: bool
    images: tuple[str, ...]
    frames: tuple[str, ...]
    names: tuple[str, ...]
    sizes: tuple[int, ...]

    @cached_property
    def ids(self) -> re.Pattern[str]:
        """Every id of the person."""
        return re.compile("|".join((*self.images, *self.frames)) or "(?!)", re.IGNORECASE)

    @cached_property
    def said(self) -> tuple[str, ...]:
        """The names that are telling."""
        return tuple(sorted({name for name in (self.subject, *self.names) if name and telling(name)}))

    @cached_property
    def forms(self) -> tuple[str, ...]:
        """The telling names, also as JSON, HTML and URLs write them, the longest first."""
        forms = {form for name in self.said for form in _written(name)}
        return tuple(sorted(forms, key=lambda form: (-len(form), form)))

    @cached_property
    def words(self) -> re.Pattern[str] | None:
        """The names as whole words; None where no name can be told."""
        if not self.forms:
            return None
        return re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, self.forms))})(?![\w-])", re.IGNORECASE)

    @cached_property
    def short(self) -> tuple[str, ...]:
        """Names that plain bytes may hold by chance."""
        return tuple(name for name in self.said if len(name) < LONG)

    @cached_property
    def packed(self) -> dict[bytes, re.Pattern[bytes]]:
        """The long names as bytes, in small letters, and each as a whole word."""
        found = {}
        for form in self.forms:
            if len(form) < LONG:
                continue
            for encoding in ("utf-8", "cp1252", "utf-16-le", "utf-16-be"):
                low = form.lower().encode(encoding, "ignore")
                before, after = (rb"\w\0", rb"\w\0") if encoding == "utf-16-le" else (rb"\w", rb"\w")
                before, after = (rb"\0\w", rb"\0\w") if encoding == "utf-16-be" else (before, after)
                found[low] = re.compile(rb"(?<!%b)%b(?!%b)" % (before, re.escape(low), after))
        return found

    def in_path(self, path: Path) -> bool:
        """Whether a file or a folder of the path is called after the person, or the photographs: `p071_small.jpg`."""
        stems = (Path(name).stem for name in self.names if "/" not in name)
        said = {_composed(name) for name in (self.subject, *stems) if name and telling(name)}
        words = "|".join(map(re.escape, said))
        border = rf"(?<![^\W_])(?:{words})(?![^\W_])"
        return bool(said) and re.search(border, _composed(str(path)), re.IGNORECASE) is not None

    def found(self, text: str) -> str | None:
        """`digest` or `name`, where the text has one; None where it has nothing of the person."""
        if self._has_id(text.encode("ascii", "replace")):
            return "digest"
        if self.words is None:
            return None
        low = text.lower()
        likely = any(form.lower() in low for form in self.forms)
        return "name" if likely and self.words.search(text) else None

    def found_in_bytes(self, content: bytes) -> str | None:
        """`digest` or `name` in bytes that may be no text: a long name alone."""
        if self._has_id(content):
            return "digest"
        low = content.lower()
        return "name" if any(form in low and word.search(low) for form, word in self.packed.items()) else None

    def _has_id(self, content: bytes) -> bool:
        own = self._ids
        for run in _DIGESTS.finditer(content):
            digits = run.group().lower()
            if any(digits[at : at + 64] in own for at in range(len(digits) - 63)):
                return True
        return False

    @cached_property
    def _ids(self) -> frozenset[bytes]:
        return frozenset(one.encode() for one in (*self.images, *self.frames))

    def cells(self, column: str) -> set[str]:
        """What a cell of this column is when it is the person's: photographs' names; the subject's where it may be."""
        if column in OTHERS:
            return set()
        own = self.subject and (telling(self.subject) or column in SUBJECTS)
        return {*self.names, *({self.subject} if own and self.subject else ())}

    def without(self, text: str) -> str:
        """The text with every id and name replaced."""
        text = self.ids.sub(GONE, text)
        return self.words.sub(GONE, text) if self.words else text


def telling(name: str) -> bool:
    """Whether finding this word says something: it has a letter, and is longer than one."""
    return len(name) > 1 and any(letter.isalpha() for letter in name)


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _written(name: str) -> set[str]:
    """The name with its accents in one letter and in two, each as JSON, HTML and URLs write it."""
    spelt = {name, *(unicodedata.normalize(form, name) for form in ("NFC", "NFD"))}
    return {form for one in spelt for form in (one, json.dumps(one)[1:-1], html.escape(one), urllib.parse.quote(one))}

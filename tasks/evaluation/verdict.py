"""One photograph's result in one plain line: what was measured, how sure it is, or why there is nothing to say.

In: a photograph's page with the systems' readings, and why none of them may count for it. Out: a `Verdict`. Where
measures contradict each other it says so, and what that usually means. Knows no system.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tasks.evaluation.photo_page import Photo
from tasks.pages.chapter import Said

State = Literal["measured", "not valid", "refused"]


@dataclass(frozen=True)
class Verdict:
    """`line` is one or more whole sentences. `stands_out`: None where there is nothing to tell it by."""

    state: State
    line: str
    stands_out: bool | None = None
    disagree: bool = False


def verdict(photo: Photo, *, foreign: str | None) -> Verdict:
    """The photograph's verdict. `foreign`: why the networks know nothing of such a photograph, if they do not."""
    if photo.reason:
        return Verdict("refused", f"Not measured: {photo.reason.rstrip('.')}.")
    said = [own for reading in photo.readings for own in reading.said]
    counted = [own for own in said if own.doubt is None]
    silent = [f"{reading.title}: {reading.reason}" for reading in photo.readings if reading.reason]
    doubts = [*dict.fromkeys(f"{own.name}: {own.doubt}" for own in said if own.doubt), *silent]
    if foreign:
        return Verdict("not valid", f"Measured, but not valid here: {'; '.join([foreign, *doubts])}.")
    if not counted:
        if said or not photo.readings or len(silent) == len(photo.readings):
            return Verdict("not valid", f"Measured, but not valid here: {'; '.join(doubts)}.")
        return Verdict("measured", "Measured; nothing says yet how to read the numbers.")
    unknown = [own for own in counted if own.stands_out is None]
    parts = [_judged(counted), *([f"Not to be told: {_list(unknown)}."] if unknown else [])]
    trust = dict.fromkeys(own.trust for own in counted if own.trust)
    line = " ".join([*filter(None, parts), *trust, *(f"Not counted: {doubt}." for doubt in doubts)])
    known = [own.stands_out for own in counted if own.stands_out is not None]
    return Verdict("measured", line, any(known) if known else None, len(set(known)) > 1)


def _judged(counted: Sequence[Said]) -> str:
    """What the measures say that count."""
    out = [own for own in counted if own.stands_out]
    not_out = [own for own in counted if own.stands_out is False]
    if out and not_out:
        why = out[0].alone if len(out) == 1 else not_out[0].quiet if len(not_out) == 1 else ""
        return f"The measures disagree. Stands out: {_list(out)}. Does not: {_list(not_out)}. {why}".strip()
    if out:
        return f"Stands out: {_list(out)}."
    if not_out:
        return f"Nothing stands out: {_list(not_out)}."
    return ""


def _list(said: Sequence[Said]) -> str:
    return ", ".join(f"{own.name} ({'; '.join(part for part in (own.place, own.sure) if part)})" for own in said)

"""One photograph's result in plain words: what was measured, how sure it is, or why there is nothing to say.

In: a photograph's page with the systems' readings, and why none of them may count for it. Out: a `Verdict`. Where
measures contradict each other it says so, and what that usually means. Knows no system.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from tasks.evaluation.photo_page import Photo
from tasks.pages.chapter import Said

State = Literal["measured", "not valid", "refused"]


@dataclass(frozen=True)
class Verdict:
    """`line` is one or more whole sentences. `stands_out`: None where there is nothing to tell it by.

    `points`: the same for a person to read, the verdict first, then a line for every measure; `trust`: how well the
    measures tell people whom they have not seen.
    """

    state: State
    line: str
    stands_out: bool | None = None
    disagree: bool = False
    points: Sequence[str] = field(default=(), compare=False)
    trust: Sequence[str] = field(default=(), compare=False)


def verdict(photo: Photo, *, foreign: str | None) -> Verdict:
    """The photograph's verdict. `foreign`: why the networks know nothing of such a photograph, if they do not."""
    if photo.reason:
        return _plain("refused", f"Not measured: {photo.reason.rstrip('.')}.")
    said = [own for reading in photo.readings for own in reading.said]
    counted = [own for own in said if own.doubt is None]
    silent = [f"{reading.title}: {reading.reason}" for reading in photo.readings if reading.reason]
    doubts = [*dict.fromkeys(f"{own.name}: {own.doubt}" for own in said if own.doubt), *silent]
    if foreign:
        return _not_valid([foreign, *doubts])
    if not counted:
        if said or not photo.readings or len(silent) == len(photo.readings):
            return _not_valid(doubts)
        return _plain("measured", "Measured; nothing says yet how to read the numbers.")
    unknown = [own for own in counted if own.stands_out is None]
    parts = [_judged(counted), *([f"Not to be told: {_list(unknown)}."] if unknown else [])]
    trust = list(dict.fromkeys(own.trust for own in counted if own.trust))
    not_counted = [f"Not counted: {doubt}." for doubt in doubts]
    line = " ".join([*filter(None, parts), *trust, *not_counted])
    known = [own.stands_out for own in counted if own.stands_out is not None]
    points = [_head(known), *filter(None, [_why(counted)]), *map(_point, counted), *not_counted]
    return Verdict("measured", line, any(known) if known else None, len(set(known)) > 1, points, trust)


def _plain(state: State, line: str) -> Verdict:
    return Verdict(state, line, points=[line])


def _not_valid(why: Sequence[str]) -> Verdict:
    head = "Measured, but not valid here"
    points = [f"{head}.", *(f"{one[:1].upper()}{one[1:]}." for one in why)] if len(why) > 1 else None
    line = f"{head}: {'; '.join(why)}."
    return Verdict("not valid", line, points=points or [line])


def _judged(counted: Sequence[Said]) -> str:
    """What the measures say that count."""
    out, not_out = _apart(counted)
    if out and not_out:
        told = f"The measures disagree. Stands out: {_list(out)}. Does not: {_list(not_out)}. {_why(counted)}"
        return told.strip()
    if out:
        return f"Stands out: {_list(out)}."
    if not_out:
        return f"Nothing stands out: {_list(not_out)}."
    return ""


def _apart(counted: Sequence[Said]) -> tuple[list[Said], list[Said]]:
    return [own for own in counted if own.stands_out], [own for own in counted if own.stands_out is False]


def _why(counted: Sequence[Said]) -> str:
    """What a contradiction usually means; empty where there is none, or nobody knows."""
    out, not_out = _apart(counted)
    if not (out and not_out):
        return ""
    return out[0].alone if len(out) == 1 else not_out[0].quiet if len(not_out) == 1 else ""


def _head(known: Sequence[bool]) -> str:
    """The verdict in one short sentence."""
    out, number = sum(known), len(known)
    if not known:
        return "Whether it stands out cannot be told."
    if 0 < out < number:
        stand, do = "stands" if out == 1 else "stand", "does" if number - out == 1 else "do"
        return f"The measures disagree: {out} {stand} out, {number - out} {do} not."
    what, by = ("Stands out", f"all {number} measures") if out else ("Nothing stands out", f"any of {number} measures")
    return f"{what}, by the only measure that counts." if number == 1 else f"{what}, by {by} that count."


def _point(own: Said) -> str:
    """One measure in one line."""
    told = {True: "stands out", False: "does not stand out", None: "not to be told"}[own.stands_out]
    beside = ", ".join(part for part in (own.place, own.sure) if part)
    return f"{own.name[:1].upper()}{own.name[1:]}: {told}{' (' * bool(beside)}{beside}{')' * bool(beside)}."


def _list(said: Sequence[Said]) -> str:
    return ", ".join(f"{own.name} ({'; '.join(part for part in (own.place, own.sure) if part)})" for own in said)

"""Names as people type them: one person stays one person, and who merely looks like another is found.

In: names of subjects, raters, roles, scales, files. Out: the spelling that is kept, the form in which names are
compared, and pairs that look alike. Two names are the same (`key`) when they differ in Unicode's forms, width, case,
white space and invisible characters alone. They look alike (`alike`) when they differ in leading zeros, separators,
accents, letters of other scripts that look the same, or one slip of the keyboard: people are asked about those.
Knows no tables. docs/raw-layout.md has the rules.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator

INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0")
"""Letters and marks that show nothing, besides Unicode's control and format characters."""

LOOKS = str.maketrans(
    "\u0430\u0432\u0435\u043a\u043c\u043d\u043e\u0440\u0441\u0442\u0443\u0445\u0456\u0458\u0455\u0501\u051b\u051d"
    "\u03b1\u03b5\u03b9\u03ba\u03bd\u03bf\u03c1\u03c4\u03c5\u03c7\u0131\u0142\u00f8\u0111",
    "abekmhopctyxijsdqwaeiknoptuxilod",
)
"""Letters of Cyrillic and Greek, and a few of Latin, and the Latin letter that each looks like."""

SLIP = 4
"""Letters that a word needs before one slip of the keyboard is looked for: `r_a` and `r_b` are two raters."""


def tidy(name: str) -> str:
    """The name as it is kept and shown: composed, without invisible characters, each white space one blank."""
    if name.isascii() and name.isprintable():  # as nearly all are, and a tenth of the time
        return " ".join(name.split())
    letters = (" " if letter.isspace() else letter for letter in unicodedata.normalize("NFC", name))
    return " ".join("".join(letter for letter in letters if not _invisible(letter)).split())


def _invisible(letter: str) -> bool:
    """Controls, formats (bidirectional marks, zero widths), surrogates, variation selectors, fillers."""
    return unicodedata.category(letter) in ("Cc", "Cf", "Cs") or letter in INVISIBLE or "\ufe00" <= letter <= "\ufe0f"


def key(name: str) -> str:
    """The name as it is compared: `tidy`, without case and width."""
    return tidy(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", tidy(name)).casefold()))


class Spellings:
    """The first spelling of every name, under which all later ones go."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self.first: dict[str, str] = {}
        self.others: dict[str, set[str]] = defaultdict(set)
        for name in names:
            self.of(name)

    def of(self, name: str) -> str:
        """The first spelling of this name."""
        first = self.first.setdefault(key(name), tidy(name))
        if tidy(name) != first:
            self.others[first].add(tidy(name))
        return first

    def __contains__(self, name: str) -> bool:
        return key(name) in self.first


def alike(one: str, other: str) -> bool:
    """Whether two names, which are not the same, could be one by mistake."""
    a, b = _words(one), _words(other)
    return key(one) != key(other) and (a == b or _seen(one) == _seen(other) or _one_slip(a, b))


def lookalikes(names: Iterable[str], among: Iterable[str] | None = None) -> Iterator[tuple[str, str]]:
    """Pairs of `names` that look alike, each once; with `among`, of a name and one of those or an earlier name."""
    places: dict[object, list[str]] = defaultdict(list)
    for name in dict.fromkeys(among or ()):
        for mark in _marks(name):
            places[mark].append(name)
    for name in dict.fromkeys(names):
        marks = _marks(name)
        near = dict.fromkeys(other for mark in marks for other in places[mark])
        yield from ((name, other) for other in near if alike(name, other))
        for mark in marks:
            places[mark].append(name)


def _words(name: str) -> tuple[str, ...]:
    """Runs of letters and of digits, without accents, separators, leading zeros and other scripts' look."""
    text = re.sub(r"(?<=\d)[.,]0+$", "", key(name)) if re.fullmatch(r"\d+[.,]0+", key(name)) else key(name)
    text = _bare(text).translate(LOOKS)
    return tuple(run.lstrip("0") or "0" if run.isdigit() else run for run in re.findall(r"\d+|[^\W\d_]+", text))


def _bare(text: str) -> str:
    return "".join(letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))


def _seen(name: str) -> str:
    """What the eye takes letters and digits for, umlauts in either way of writing them."""
    text = re.sub("([aou])e", r"\1", _bare(key(name)).translate(LOOKS))
    return re.sub(r"[\W_]+", "_", text.translate(str.maketrans("oli|", "0111")))


def _one_slip(a: tuple[str, ...], b: tuple[str, ...]) -> bool:
    """Whether one word alone differs, and in it one letter is wrong, missing or too many, or two are swapped."""
    if len(a) != len(b):
        return False
    different = [(x, y) for x, y in zip(a, b, strict=True) if x != y]
    if len(different) != 1 or min(map(len, different[0])) < SLIP or any(word.isdigit() for word in different[0]):
        return False
    x, y = different[0]
    while x and y and x[0] == y[0]:
        x, y = x[1:], y[1:]
    while x and y and x[-1] == y[-1]:
        x, y = x[:-1], y[:-1]
    return max(len(x), len(y)) <= 1 or (len(x) == 2 and x == y[::-1])


class Lookalikes:
    """Names among which those that look alike are found at once."""

    def __init__(self, names: Iterable[str]) -> None:
        self.places: dict[object, list[str]] = defaultdict(list)
        for name in names:
            for mark in _marks(name):
                self.places[mark].append(name)

    def of(self, name: str) -> list[str]:
        """The names that look like this one, in their order."""
        near = dict.fromkeys(other for mark in _marks(name) for other in self.places.get(mark, ()))
        return sorted(other for other in near if alike(name, other))


def _marks(name: str) -> set[object]:
    """What two names that look alike have in common: their words, their look, or their words but for one letter."""
    words = _words(name)
    marks: set[object] = {words, _seen(name)}
    for place, word in enumerate(words):
        if len(word) >= SLIP and not word.isdigit():
            rest = (words[:place], words[place + 1 :])
            marks |= {(rest, word)} | {(rest, word[:cut] + word[cut + 1 :]) for cut in range(len(word))}
    return marks

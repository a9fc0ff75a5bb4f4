"""Other people's pickles, read entry by entry: nothing in them is run, and what they may cost is bounded.

In: a pickle's bytes, and by name what it may ask for. Out: dicts, lists, text, numbers, what the allowed makers make,
and inert `Described` objects in place of objects of other classes. Python's own reader is not used: it hashes, copies
and allocates whatever a file tells it to. Here the entries are counted, keys are plain, copies are paid for out of the
file's own size, and what comes out is a tree of bounded depth that does not repeat itself without end. Does not know
what the pickles are for.
"""

import io
import pickletools
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tasks.base.weight_files.pickle_values import Built, Described, Maker, Room, Unpicklable, plain

ENTRIES = 500_000
"""A StyleGAN2 snapshot of three networks of 1,024 pixels has about 30,000."""
DEEPEST = 100
"""Containers within containers; a snapshot has about 20."""
REPEATS = 20
"""How many times more than its entries a pickle may unfold to, where it refers to one thing in several places."""


def unpickle(
    content: bytes, names: Mapping[str, Any], room: Room, persistent: Callable[[Any], Any] | None = None
) -> Any:
    """What the pickle describes. Unpicklable names what it asked for, or says how it is damaged."""
    found, _ = unpickle_first(content, 0, names, room, persistent)
    return found


def unpickle_first(
    content: bytes, start: int, names: Mapping[str, Any], room: Room, persistent: Callable[[Any], Any] | None = None
) -> tuple[Any, int]:
    """What the pickle that begins at `start` describes, and where it ends."""
    file = io.BytesIO(content)
    file.seek(start)
    machine = _Machine(names, room, persistent)
    try:
        for number, (opcode, argument, _) in enumerate(pickletools.genops(file)):
            if number > ENTRIES:
                raise Unpicklable(f"has more than {ENTRIES:,} entries")
            machine.do(opcode.name, argument)
        found = machine.stack.pop()
        _require_tree(found, number)
    except Unpicklable:
        raise
    except Exception as error:  # a damaged pickle raises whatever it likes
        said = " ".join(str(error).split())[:100]
        raise Unpicklable(f"damaged pickle: {said or type(error).__name__}") from error
    return found, file.tell()


class _Machine:
    """The stack that a pickle's entries work on."""

    def __init__(self, names: Mapping[str, Any], room: Room, persistent: Callable[[Any], Any] | None) -> None:
        self.names, self.room, self.persistent = names, room, persistent
        self.stack: list[Any] = []
        self.below: list[list[Any]] = []
        """The stacks under each mark."""
        self.memo: dict[int, Any] = {}

    def do(self, name: str, argument: Any) -> None:
        """One entry."""
        if name in _LITERALS:
            self.stack.append(argument)
        elif name in _CONSTANTS:
            self.stack.append(_CONSTANTS[name])
        elif name in _EMPTY:
            self.stack.append(_EMPTY[name]())
        elif name in _TUPLES:
            self.stack.append(tuple(self.several(_TUPLES[name])))
        elif name in _ACTS:
            _ACTS[name](self, argument)
        elif name not in ("PROTO", "FRAME", "STOP"):
            raise Unpicklable(f"asks for {name}, which is not allowed; nothing was run")

    def marked(self) -> list[Any]:
        """What stands above the last mark."""
        found, self.stack = self.stack, self.below.pop()
        return found

    def push(self, thing: Any) -> None:
        self.stack.append(thing)

    def mark(self, _: Any) -> None:
        self.below.append(self.stack)
        self.stack = []

    def pop(self, _: Any) -> None:
        if self.stack:
            self.stack.pop()
        else:
            self.marked()

    def pop_marked(self, _: Any) -> None:
        self.marked()

    def several(self, count: int) -> list[Any]:
        """The last `count` things."""
        if len(self.stack) < count:
            raise Unpicklable("damaged pickle: takes more than there is")
        found = self.stack[-count:]
        del self.stack[-count:]
        return found

    def remember(self, place: Any) -> None:
        self.memo[len(self.memo) if place is None else int(place)] = self.stack[-1]

    def recall(self, place: Any) -> None:
        self.stack.append(self.memo[int(place)])

    def extend(self, items: list[Any]) -> None:
        _as(list, self.stack[-1]).extend(items)

    def add(self, items: list[Any]) -> None:
        _as(set, self.stack[-1]).update(plain(items))

    def put(self, items: list[Any]) -> None:
        _as(dict, self.stack[-1]).update(zip(plain(items[::2]), items[1::2], strict=True))

    def name(self, module: Any, name: Any) -> None:
        asked = f"{_as(str, module)}.{_as(str, name)}"
        if asked not in self.names:
            raise Unpicklable(f"asks for {asked[:100]}, which is not allowed; nothing was run")
        self.stack.append(self.names[asked])

    def call(self, made: Any, arguments: Any) -> None:
        """Push what the maker makes of the arguments."""
        if not isinstance(made, Maker):
            raise Unpicklable("calls what is no function")
        self.room.copy(_as(tuple, arguments))
        self.stack.append(made.make(*arguments))

    def call_last(self, _: Any) -> None:
        self.call(*self.several(2))

    def call_with_names(self, _: Any) -> None:
        made, arguments, named = self.several(3)
        if named:
            raise Unpicklable("calls with named arguments")
        self.call(made, arguments)

    def build(self, _: Any) -> None:
        """Give the last thing a state. A dict's own attributes (torch's `_metadata`) are left out."""
        state, thing = self.stack.pop(), self.stack[-1]
        if isinstance(thing, Built):
            self.room.copy(state if isinstance(state, tuple) else ())
            thing.take(state)
        elif not isinstance(thing, dict):
            raise Unpicklable("gives a state to what has none")

    def refer(self, what: Any) -> None:
        if self.persistent is None:
            raise Unpicklable("refers to things outside the file")
        self.stack.append(self.persistent(what))


def _as(kind: type[Any], value: Any) -> Any:
    if not isinstance(value, kind):
        raise Unpicklable(f"damaged pickle: a {type(value).__name__} stands in place of a {kind.__name__}")
    return value


def _require_tree(root: Any, entries: int) -> None:
    """Unpicklable: what was read holds itself, is too deep, or unfolds to far more than its entries."""
    known: dict[int, tuple[int, int]] = {}  # by id: how many things it unfolds to, how deep it is
    opened: set[int] = set()
    waiting = [root]
    while waiting:
        here = waiting[-1]
        inside = _inside(here)
        if id(here) in known:
            waiting.pop()
        elif id(here) not in opened:
            opened.add(id(here))
            unknown = [child for child in inside if id(child) not in known]
            if any(id(child) in opened for child in unknown):
                raise Unpicklable("holds itself")
            waiting += unknown
        else:
            size = 1 + _length(here) + sum(known[id(child)][0] for child in inside)
            depth = 1 + max((known[id(child)][1] for child in inside), default=0)
            if depth > DEEPEST:
                raise Unpicklable(f"has more than {DEEPEST} containers within each other")
            if size > REPEATS * entries + 1000:
                raise Unpicklable("refers to the same things over and over")
            known[id(here)] = size, depth
            waiting.pop()


def _inside(value: Any) -> list[Any]:
    """The containers and objects directly in a container or object."""
    held: Iterable[Any] = ()
    if isinstance(value, dict):
        held = value.values()
    elif isinstance(value, list | tuple):
        held = value
    elif isinstance(value, Described):
        held = (value.state,)
    return [one for one in held if isinstance(one, dict | list | tuple | Described)]


def _length(value: Any) -> int:
    return len(value) if isinstance(value, dict | list | tuple) else 1


def _text(machine: _Machine, asked: str) -> None:
    module, _, name = asked.partition(" ")
    machine.name(module, name)


def _text_of_two(machine: _Machine, _: Any) -> None:
    machine.name(*machine.several(2))


def _call_named(machine: _Machine, asked: str) -> None:
    arguments = tuple(machine.marked())
    _text(machine, asked)
    machine.call(machine.stack.pop(), arguments)


def _call_marked(machine: _Machine, _: Any) -> None:
    made, *arguments = machine.marked()
    machine.call(made, tuple(arguments))


def _dict(machine: _Machine, _: Any) -> None:
    items = machine.marked()
    machine.stack.append({})
    machine.put(items)


_LITERALS = {
    "INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT", "STRING", "BINSTRING",
    "SHORT_BINSTRING", "UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8", "BINBYTES", "SHORT_BINBYTES",
    "BINBYTES8",
}  # fmt: skip
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_EMPTY: dict[str, Callable[[], Any]] = {"EMPTY_LIST": list, "EMPTY_TUPLE": tuple, "EMPTY_DICT": dict, "EMPTY_SET": set}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_ACTS: dict[str, Callable[[_Machine, Any], None]] = {
    "MARK": _Machine.mark,
    "POP": _Machine.pop,
    "POP_MARK": _Machine.pop_marked,
    "DUP": lambda machine, _: machine.push(machine.stack[-1]),
    "LIST": lambda machine, _: machine.push(machine.marked()),
    "TUPLE": lambda machine, _: machine.push(tuple(machine.marked())),
    "FROZENSET": lambda machine, _: machine.push(frozenset(plain(machine.marked()))),
    "DICT": _dict,
    "APPEND": lambda machine, _: machine.extend(machine.several(1)),
    "APPENDS": lambda machine, _: machine.extend(machine.marked()),
    "SETITEM": lambda machine, _: machine.put(machine.several(2)),
    "SETITEMS": lambda machine, _: machine.put(machine.marked()),
    "ADDITEMS": lambda machine, _: machine.add(machine.marked()),
    **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), _Machine.recall),
    **dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"), _Machine.remember),
    "GLOBAL": _text,
    "STACK_GLOBAL": _text_of_two,
    "INST": _call_named,
    "OBJ": _call_marked,
    "REDUCE": _Machine.call_last,
    "NEWOBJ": _Machine.call_last,
    "NEWOBJ_EX": _Machine.call_with_names,
    "BUILD": _Machine.build,
    "PERSID": _Machine.refer,
    "BINPERSID": lambda machine, _: machine.refer(machine.stack.pop()),
}

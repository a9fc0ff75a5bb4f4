"""Counts in words, for whatever people read: `1 rating`, `2 ratings`, `1 person`, `1,200 people`."""


def counted(number: int, one: str, many: str = "") -> str:
    """The number with its noun; `many`: its plural where that is not `one` and an s."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def counted_people(number: int, people: int) -> str:
    """`12 photographs of 1 person`."""
    return f"{counted(number, 'photograph')} of {counted(people, 'person', 'people')}"

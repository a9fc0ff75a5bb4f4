"""What a user can put right: the one base of every error that is told without a traceback."""


class InputError(ValueError):
    """Something given (a file, a number, a table) cannot be used; the message says what, where and what is accepted."""


SAID = 300
"""Letters of a library's error, or of a stranger's file, that are told."""


def said(error: object) -> str:
    """An error's words on one line, as far as they can be printed, the first 300 letters."""
    words = " ".join(str(error).split()) or type(error).__name__
    return "".join(letter if letter.isprintable() else "?" for letter in words[:SAID])

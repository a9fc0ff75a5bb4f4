"""What a user can put right: the one base of every error that is told without a traceback."""


class InputError(ValueError):
    """Something given (a file, a number, a table) cannot be used; the message says what, where and what is accepted."""


INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells have it."""

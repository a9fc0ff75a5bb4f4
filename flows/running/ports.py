"""A port of this machine to listen on. In: a number, 0 for any free one. Out: the socket, on loopback alone."""

import socket

from tasks.errors import InputError

HOST = "127.0.0.1"
WAITING = 2048
"""Connections that may wait to be taken."""


def listening(port: int) -> socket.socket:
    """The socket, opened here and handed over: no other program can take a server's place meanwhile.

    InputError where the port is taken or not allowed.
    """
    opened = socket.socket()
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        opened.bind((HOST, port))
        opened.listen(WAITING)
    except OSError as error:
        opened.close()
        raise InputError(f"port {port}: {error.strerror}; choose another with --port") from error
    return opened

"""What a user can put right is told once in a run's log: Prefect's runner adds no traceback of wrappers to it."""

import logging

import pytest

from flows.running.tracking import _no_second_telling
from tasks.errors import InputError


@pytest.mark.parametrize(("error", "kept"), [(InputError("c.txt: refused"), False), (ZeroDivisionError(), True)])
def test_a_fault_of_the_program_alone_keeps_its_traceback(error: Exception, kept: bool) -> None:
    said = (type(error), error, None)
    record = logging.LogRecord("prefect.flow_runs", logging.ERROR, "", 0, "Engine execution exited", None, said)
    assert _no_second_telling(record) is kept

"""Withdrawals: a person whose consent is gone is removed from everything that this machine has.

In: the name of a person or a photograph. Out: every copy of theirs gone, tombstones so that none comes in again, and
what nobody here can reach named. Read `withdrawing` first: `who_is_meant` finds the person, `file_actions` decides what
happens to every file, `what_is_left` searches afterwards.
"""

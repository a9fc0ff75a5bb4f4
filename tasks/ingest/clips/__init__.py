"""Clips of speech: their frames, and whether their files are whole.

In: clips' files. Out: frames as they are to be seen, or the reason why a clip is refused. Read `frames` first: it asks
the others.
"""

"""What people put right and said on the review page: moved points, judgements of findings, notes.

In: lines that the page keeps. Out: which of them count, and a small adjustment of the models' points that is learned
from them. Read `corrections` first.
"""

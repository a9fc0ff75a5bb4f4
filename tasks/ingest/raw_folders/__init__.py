"""A raw folder or a batch as a whole: what it brings, what is odd about it, whether it may come in.

In: folders in the raw layout. Out: problems and remarks for people, a look at what a run would find, and a folder
without one person's lines. Read `batch` first, then `admission`.
"""

"""What of a person lies in a file of any kind: the photograph's bytes, its digest, a name.

In: who is looked for (`person`), and files. Out: what was found; a text or database with it taken out. Does not know
where to look. Read `person` first, then `in_files`, which opens every kind of file with the help of the others.
"""

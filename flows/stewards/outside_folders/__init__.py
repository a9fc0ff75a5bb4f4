"""Folders outside the project that it knows of: those that batches came from, and drop folders.

In: the project's folder. Out: which they are, for whoever watches them or looks for a person in them. Read
`batch_sources` first.
"""

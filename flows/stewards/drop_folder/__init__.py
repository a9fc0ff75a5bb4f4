"""The drop folder: what people put into it comes in as batches, by itself.

In: a folder that others write to. Out: batches, and beside what is refused a list of reasons. Read `watching` first;
`moving_to_added` moves what came in out of the way, and `without_links` reads such a folder without being led out of
it.
"""

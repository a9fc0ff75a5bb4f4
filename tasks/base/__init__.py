"""Foundations of every system: tables, digests, images, weights, checkpoints, training, processes, runtime.

In and out: files, arrays and numbers; nothing here knows a face. Read `tables` first, and `digests`. `whole_files`
tells whether a file of a picture or clip is whole, `weight_files` opens files of weights without running them,
`networks` has the known networks.
"""

"""Other people's files of weights, opened without running code and within their own size.

In: a file. Out: arrays and plain values, or `Unpicklable` with the reason. Which files there are: tasks.base.weights.
Read `torchfiles` first, then `pickles`.
"""

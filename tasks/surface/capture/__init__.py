"""Whether photographs of one visit will do for three dimensions, said in seconds, before anything is reconstructed.

In: files of photographs. Out: what can be used, whether it suffices, what to take besides. Read `check` first; `shot`
looks at each photograph, `verdict` has the words.
"""

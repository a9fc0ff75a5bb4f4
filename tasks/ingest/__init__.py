"""From raw files to lip halves: what is there, which frames, where the landmarks are, where the lips.

In: the raw layout, as people fill it (docs/raw-layout.md). Out: the tables that every system reads. The rooms, in
reading order: `tables` (rows of what people type), `images` (what photographs there are: start with
`images.inventory`), `ratings` (what raters said of them), `clips` (frames of clips), `faces` (faces, points and lips in
pictures), `raw_folders` (a folder or batch as a whole: may it come in, what is odd, a person's lines taken out).
"""

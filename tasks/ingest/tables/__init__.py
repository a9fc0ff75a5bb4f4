"""Tables as people make them, read row by row: CSV, Excel, misspelt names and all.

In: a file. Out: rows with their line numbers, each usable or refused with a reason. Knows no photograph. Read
`raw_layout` first (rows of the layout's tables), then `sheets` (one table, whatever program wrote it).
"""

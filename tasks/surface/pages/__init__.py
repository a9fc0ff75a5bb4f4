"""The page of a visit in three dimensions, as one file: a face that turns, pictures, sentences.

In: `contents.Shown`, which holds all that the page says. Out: HTML. Measures nothing. Read `contents` first, then
`visit_page`; the script that turns the face is `tasks/surface/viewer`.
"""

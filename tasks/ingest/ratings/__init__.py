"""What raters and other instruments said of photographs: ratings, corrections, references, second answers.

In: rows of people's tables, and answers of the rating page. Out: RATINGS and REFERENCES, and empty forms to fill. Read
`reading` first.
"""

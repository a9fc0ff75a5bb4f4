"""The face in three dimensions, from photographs taken from several sides ("Offline AI", Solution 2).

In: the photographs of one person's visit. Out: a face in millimetres that stands upright, its points, its measures, its
page. Read `reconstructing` first: it goes the whole way from photographs to a face. The modules here are what stages
and commands call; each uses the rooms below it, in this order: `cameras` (where each photograph was taken), `geometry`
(what is computed on a surface of triangles), `points` (the named points of a head), `scale` (its millimetres), `dense`
(the surface itself), `measures`, `pages`. `photographs` looks at photographs and sorts them into sets before that;
`capture` says in seconds whether a set will do.
"""

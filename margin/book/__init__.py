"""Between state and engine: load the book, keep it current by revision, store its figures, read them.

`facts` what a book holds · `load_rules` and `load_market` out of PostgreSQL, in one `snapshot` · `book` kept
current by revision, and into the engine's nouns · `past` the same as it was · `quotes`, `marks` and `rates`
prices · `applies` what applies to whom · `frame` figures out · `read` and `history` figures for pages, API
and sockets · `version` which engine they are of.
"""

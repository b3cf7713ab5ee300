"""Between state and engine: load the book, keep it current by revision, store its figures, read them.

`facts` what a book holds · `load` from PostgreSQL · `refresh` by revision · `marks` and `rates` prices ·
`caps` and `buffers` what applies to whom · `accounts` into the engine's nouns · `frame` figures out ·
`read` figures for pages, API and sockets.
"""

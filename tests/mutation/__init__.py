"""Does a test notice when the engine is wrong? Run by `make mutate`, never by `make test`."""

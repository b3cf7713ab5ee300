"""Django's PostgreSQL backend, with a pool that forgets at once what a restart of the server killed."""

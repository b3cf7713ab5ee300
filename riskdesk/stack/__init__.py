"""Find or start PostgreSQL and Valkey, and run the desk's processes as children.

Takes a data folder and the environment; gives connection URLs and supervised processes. Imports
nothing of Django: everything here runs before settings exist.
"""

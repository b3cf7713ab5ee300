"""Questions that change nothing: of an account as somebody describes it, and of the book as a run saw it."""

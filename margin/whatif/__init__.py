"""Questions that change nothing: an account as somebody describes it, and the same under other modes."""

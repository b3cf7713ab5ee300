"""The pre-trade check: a small process of its own, in front of every order."""

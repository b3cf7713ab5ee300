"""A shard's book from nothing: in exact nouns, or in columns where the shard is large.

Takes a shard and the revisions of a snapshot; gives the book as it is there, or as it was.
"""

from datetime import datetime

from accounts.models import Asset
from margin.book.book import Book
from margin.book.facts import Revisions, Rules
from margin.book.load_rules import load_rules
from margin.book.past import balances_at, nouns_at
from margin.book.warm import WarmBook
from margin.book.warm_rows import (
    read_past_rows,
    read_rows,
)
from riskdesk.errors import sure

EXACT_UP_TO = 1_000
"""Sub-accounts of a shard that is computed in exact arithmetic as a whole; a larger one goes in columns."""


def is_large(rules: Rules) -> bool:
    return len(rules.accounts) > EXACT_UP_TO


def load_book(shard: int, reached: Revisions, *, now: datetime) -> Book:
    """From nothing, as it is at the snapshot's revisions; in columns where the shard is large."""
    rules = load_rules(shard, reached.house, now=now)
    if not is_large(rules):
        return Book.load(shard, reached, now=now, rules=rules)
    return WarmBook(shard, reached, rules, read_rows(shard, reached.shard))


def load_past_book(shard: int, reached: Revisions, *, now: datetime) -> Book:
    """As it was: nouns out of their history, balances summed from their transfers."""
    with nouns_at(sure(reached.read_at, "the past is read at an instant")):
        rules = load_rules(shard, reached.house, now=now)
        if is_large(rules):
            assets = dict(Asset.objects.values_list("code", "pk"))
            rows = read_past_rows(shard, reached.shard, balances_at(shard, reached.shard), assets)
            return WarmBook(shard, reached, rules, rows)
    return Book.load_past(shard, reached, now=now)

"""The numbers of the advisory locks, all of them, since PostgreSQL knows these locks by nothing else.

Changes nothing and asks nobody. A number stays for good: a process from before an upgrade still holds it.
"""

PREPARE = 7_215_001
"""Bringing the database up to date: one process at a time."""
CLOCK = 7_215_002
"""Beating: one leader."""
SEAL_AUDIT = 7_305_541
"""Adding to the chain of the audit trail: one sealer."""
DELIVERIES = 7_203
"""A class, with a second number for each pass that has claimed deliveries."""
GATE = 7_215_003
"""A class, with the number of each shard whose orders one gate decides."""
CONTROL = 7_215_004
"""Taking the next revision of control: one change after the other, in the order of commits."""

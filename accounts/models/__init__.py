"""Who: people, desks, clients, sub-accounts, buffers, money, and what was done. Never imports `margin`."""

from accounts.models.audit import AuditEvent, AuditSeal, AuditUnsealed
from accounts.models.clients import Client, HouseBuffer, Mode, RegulatoryClass, Status, SubAccount
from accounts.models.desks import HOUSE, Asset, Desk, Shard
from accounts.models.ledger import Balance, Pocket, Transfer
from accounts.models.people import Role, RoleGrant, User
from accounts.models.proposals import Proposal
from accounts.models.tokens import ApiToken, Replay

__all__ = [
    "HOUSE",
    "ApiToken",
    "Asset",
    "AuditEvent",
    "AuditSeal",
    "AuditUnsealed",
    "Balance",
    "Client",
    "Desk",
    "HouseBuffer",
    "Mode",
    "Pocket",
    "Proposal",
    "RegulatoryClass",
    "Replay",
    "Role",
    "RoleGrant",
    "Shard",
    "Status",
    "SubAccount",
    "Transfer",
    "User",
]

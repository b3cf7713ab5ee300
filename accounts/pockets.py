"""Pockets: where collateral lies. Found by their key, made when first asked for."""

from accounts.models import Desk, Pocket, SubAccount

WALLET = "wallet"
KEY_CHARACTERS = 160


def pocket_for(sub_account: SubAccount, key: str = WALLET) -> Pocket:
    """A client's pocket: the wallet, or one set aside under a key that means nothing here."""
    return _pocket(sub_account.client.desk, Pocket.Kind.CLIENT, key, sub_account)


def house_pocket(desk: Desk, name: str) -> Pocket:
    """The house's own, by purpose: fees, realised profit and loss, corrections."""
    return _pocket(desk, Pocket.Kind.HOUSE, f"house:{name}", None)


def external_pocket(desk: Desk, name: str) -> Pocket:
    """The world outside, by name: where deposits come from and withdrawals go."""
    return _pocket(desk, Pocket.Kind.EXTERNAL, f"external:{name}", None)


def shard_of(pocket: Pocket) -> int | None:
    """The shard whose revision counts the pocket's changes; house and external pockets have none."""
    return pocket.sub_account.client.shard_id if pocket.sub_account else None


def _pocket(desk: Desk, kind: str, key: str, owner: SubAccount | None) -> Pocket:
    if not 0 < len(key) <= KEY_CHARACTERS:
        raise ValueError(f"a pocket's key has 1 to {KEY_CHARACTERS} characters")
    found, _ = Pocket.objects.get_or_create(desk=desk, sub_account=owner, key=key, defaults={"kind": kind})
    found.desk, found.sub_account = desk, owner  # at hand already: nobody has to fetch them again
    return found

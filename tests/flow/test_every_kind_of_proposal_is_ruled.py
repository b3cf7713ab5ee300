"""A kind of proposal has its line in the table of what only two people change, and no other has one."""

from accounts.models import Proposal
from margin.flow.ruled import RULED


def test_every_kind_of_proposal_has_its_line_and_no_other_has() -> None:
    assert set(RULED) == set(Proposal.Kind.values)


def test_what_a_line_names_are_columns_of_its_noun() -> None:
    for ruled in RULED.values():
        columns = {field.name for field in ruled.model._meta.get_fields()}
        assert {*ruled.identity, *ruled.values} <= columns

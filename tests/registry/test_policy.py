"""What a utility leaves to choice."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from umbane.registry import Act, EngineeringAction, Permission, Policy, PolicyError, Role, read_policy


def test_nothing_said() -> None:
    """A utility that leaves everything to us gets what is usual: ask first, debts stay with the person, two people."""
    policy = read_policy({})
    assert policy == Policy()
    assert (policy.sale.key_change, policy.sale.release) == ("ask_first", "at_once")
    assert (policy.tenant.debt, policy.tid_clock, policy.tariffs.second_person) == ("person", "utc", True)


@pytest.mark.parametrize(
    "action",
    [
        *(EngineeringAction.FREE_ISSUE, EngineeringAction.CLEAR_CREDIT, EngineeringAction.CLEAR_TAMPER),
        *(EngineeringAction.REPLACEMENT, EngineeringAction.REISSUE, EngineeringAction.EXTENDED),
    ],
)
def test_what_takes_two(action: EngineeringAction) -> None:
    """What gives energy away or forgives something takes two people and no cashier, where the utility doesn't say."""
    permission = Policy().permission(action)
    assert permission.approvals == 1
    assert Role.CASHIER not in permission.roles


def test_what_takes_two_at_desks() -> None:
    """All that one person could do harm with at a desk takes another one, who is neither cashier nor auditor.

    Taking back a sale of which no digit was shown takes one.
    """
    for act in Act:
        permission = Policy().permission(act)
        assert permission.approvals == (act is not Act.SALE_REVERSAL), act
        assert not permission.roles & {Role.CASHIER, Role.AUDITOR}, act
    said = read_policy({"acts": {"debt": {"roles": ["registrar"], "approvals": 2}}})
    assert said.permission(Act.DEBT) == Permission(roles=frozenset({Role.REGISTRAR}), approvals=2)
    assert said.permission(Act.KEYS) == Policy().permission(Act.KEYS)


def test_every_action() -> None:
    """Every action has a permission, whatever the document says of the others."""
    said = {"engineering": {"key_change": {"roles": ["cashier"], "approvals": 2}}}
    policy = read_policy(said)
    assert set(policy.engineering) == set(EngineeringAction)
    assert policy.permission(EngineeringAction.KEY_CHANGE) == Permission(roles=frozenset({Role.CASHIER}), approvals=2)
    assert policy.permission(EngineeringAction.FREE_ISSUE) == Policy().permission(EngineeringAction.FREE_ISSUE)


def test_there_and_back() -> None:
    """A policy comes back from the document that it is kept as."""
    policy = read_policy({"sale": {"key_change": "bundle", "largest_money": 500_000}, "tid_clock": "local"})
    assert read_policy(policy.model_dump(mode="json")) == policy


@given(st.permutations(list(Role)))
def test_one_document(roles: list[Role]) -> None:
    """Equal permissions are kept as equal documents, in whatever order their roles were named."""
    kept = Permission(roles=frozenset(roles)).model_dump(mode="json")
    assert kept == {"roles": sorted(Role), "approvals": 0}


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ({"sale": {"key_chang": "bundle"}}, "policy.sale.key_chang"),
        ({"sale": {"key_change": "sometimes"}}, "policy.sale.key_change"),
        ({"sale": {"unused_token_days": -1}}, "policy.sale.unused_token_days"),
        ({"sale": {"unused_token_days": "30"}}, "policy.sale.unused_token_days"),
        ({"sale": {"unused_token_days": True}}, "policy.sale.unused_token_days"),
        ({"sale": {"largest_money": 0}}, "policy.sale.largest_money"),
        ({"sale": {"largest_money": 10.5}}, "policy.sale.largest_money"),
        ({"sale": []}, "policy.sale"),
        ({"tenant": {"debt": "nobody"}}, "policy.tenant.debt"),
        ({"tariffs": {"second_person": "yes"}}, "policy.tariffs.second_person"),
        ({"tid_clock": "UTC"}, "policy.tid_clock"),
        ({"engineering": {"print_money": {"roles": ["cashier"]}}}, "policy.engineering.print_money"),
        ({"engineering": {"free_issue": {"roles": []}}}, "policy.engineering.free_issue.roles"),
        ({"engineering": {"free_issue": {"roles": ["king"]}}}, "policy.engineering.free_issue.roles"),
        (
            {"engineering": {"free_issue": {"roles": ["cashier"], "approvals": 3}}},
            "policy.engineering.free_issue.approvals",
        ),
        ({"engineering": {"free_issue": {}}}, "policy.engineering.free_issue.roles"),
        ({"acts": {"print_money": {"roles": ["cashier"]}}}, "policy.acts.print_money"),
        ({"acts": {"debt": {"roles": []}}}, "policy.acts.debt.roles"),
        ({"acts": {"debt": {"roles": ["accountant"], "approvals": -1}}}, "policy.acts.debt.approvals"),
        ({"approvals": {"emergency": ["king"]}}, "policy.approvals.emergency"),
        ("bundle", "policy"),
        (None, "policy"),
    ],
)
def test_wrong_documents(document: object, field: str) -> None:
    """An unknown field or a wrong value is refused, and the error names it by its path."""
    with pytest.raises(PolicyError) as error:
        read_policy(document)
    assert error.value.field.startswith(field)
    assert error.value.problem
    assert error.value.remedy


def test_nothing_changes() -> None:
    """A policy, once made, stays as it is."""
    with pytest.raises(ValidationError, match="frozen"):
        Policy().tid_clock = "local"

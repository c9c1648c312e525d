"""The sixth step: what became of every case is written down, a statement for each table."""

import json
from typing import Any

from umbane.db import Change, Rows
from umbane.registry import KeyParameters, Scope, encode_state, mark_issued, moved_states
from umbane.vending import store, withholding
from umbane.vending.cases import Case, refused
from umbane.vending.house import Turn
from umbane.vending.lines import lines_json
from umbane.vending.models import IssuedToken, Sold
from umbane.vending.plans import signed_by
from umbane.vending.store import TOKEN_BYTES
from umbane.vending.telling import told_sales

__all__ = ["settle"]

Row = tuple[Any, ...]


async def settle(turn: Turn) -> list[Rows | Change]:
    """Answer the cases of a turn, and say what must be written of what became of them."""
    done, lost = turn.live, [case for case in turn.cases if case.problem and not case.answer]
    for case in done:
        case.answer = sold(turn, case)
    for case in lost:
        case.answer = refused(case.problem) if case.problem else None
    await withhold(turn, lost)
    await take_withheld(turn, done)
    for case in done:
        if case.plan and case.plan.new_key:
            await issue_key(turn, case, case.plan.new_key)
    final = [case for case in lost if case.answer and case.answer.is_final]
    return [
        Rows("vending.refusal", [refusal_row(turn, case) for case in final]),
        Rows("vending.sale", [sale_row(turn, case) for case in done]),
        Rows("vending.token", [row for case in done for row in token_rows(turn, case)]),
        Rows("vending.free_claim", [row for case in done for row in free_rows(turn, case)]),
        *told_sales(turn, done),
        *moved_contracts(turn, done),
    ]


def moved_contracts(turn: Turn, cases: list[Case]) -> list[Change]:
    """How the states of contracts move on."""
    moved = [(planned.customer, situation) for planned, situation in (case.planned() for case in cases)]
    rows = [
        (situation.contract_id, customer, situation.version)
        for customer, situation in moved
        if customer and situation.contract_id and situation.version is not None
    ]
    return [moved_states(turn.utility_id, *zip(*rows, strict=True))] if rows else []


async def issue_key(turn: Turn, case: Case, key: KeyParameters) -> None:
    """Note that the tokens of a key are out."""
    _, situation = case.planned()
    scope = Scope(turn.utility_id, f"terminal:{situation.seller.vendor_code}/{situation.seller.terminal_code}")
    await mark_issued(turn.tx, scope, [situation.meter_id], [key], turn.now, f"sale {case.id}")


async def withhold(turn: Turn, cases: list[Case]) -> None:
    """Keep, unseen, the tokens that were made for cases which are refused all the same."""
    drafts = [draft for case in cases if case.plan for draft in case.plan.drafts if draft.digits and turn.is_new(draft)]
    rows = [withholding.row(it.module, it.first, it.request, it.digits, turn.now) for it in drafts if it.request]
    await withholding.insert(turn.tx, rows)


async def take_withheld(turn: Turn, cases: list[Case]) -> None:
    """Take what was used off the list of what is withheld."""
    if not turn.withheld:
        return
    drafts = [draft for case in cases for draft in case.planned()[0].drafts]
    if used := [(draft.module, draft.first) for draft in drafts if not turn.is_new(draft)]:
        await store.take_withheld(turn.tx, used)


# ----------------------------------------------------------------------------------------------------------------- rows


def refusal_row(turn: Turn, case: Case) -> Row:
    """The row of a refusal."""
    problem = case.problem
    if problem is None:
        raise TypeError("a case without a problem is no refusal")
    return (turn.utility_id, case.id, problem.code, problem.problem, problem.remedy, *(problem.payable or (None, None)))


def sale_row(turn: Turn, case: Case) -> Row:
    """The row of a sale."""
    planned, situation = case.planned()
    after, tariff, held = planned.customer, planned.tariff, is_held(case)
    before = encode_state(situation.customer) if held and after and situation.customer else None
    return (
        turn.utility_id, case.id, turn.now, planned.kind,
        situation.seller.terminal_id, situation.seller.vendor_id, situation.meter_id, situation.contract_id,
        situation.book.utility.currency.code, planned.tender, planned.units, planned.free_units,
        tariff.id if tariff else None, tariff.version if tariff else None,
        lines_json(planned.lines), json.dumps(planned.warnings) if planned.warnings else "[]",
        situation.version + 1 if after and situation.version is not None else None,
        after.period_start if after else None, after.purchased if after else None,
        not held, before, signed_by(case.request),
    )  # fmt: skip


def is_held(case: Case) -> bool:
    """Whether the digits of a purchase stay in the house until it is confirmed."""
    planned, situation = case.planned()
    return planned.kind == "buy" and situation.book.utility.policy.sale.release == "on_confirmation"


def token_rows(turn: Turn, case: Case) -> list[Row]:
    """The rows of a sale's tokens."""
    planned, situation = case.planned()
    rows: list[Row] = []
    for draft in planned.drafts:
        key = draft.key
        for place, digits in enumerate(draft.digits):
            rows.append((
                turn.utility_id, case.id, len(rows), draft.module, draft.first + place,
                draft.request.id if draft.request else None, situation.meter_id, draft.kind, draft.units, draft.minute,
                key.sgc.value, key.krn.value, int(key.kt), key.ti.value, digits.bits.to_bytes(TOKEN_BYTES),
            ))  # fmt: skip
    return rows


def free_rows(turn: Turn, case: Case) -> list[Row]:
    """The row that says that a month's free units are claimed."""
    planned, situation = case.planned()
    if planned.free_month is None:
        return []
    return [(turn.utility_id, situation.contract_id, planned.free_month, case.id)]


def sold(turn: Turn, case: Case) -> Sold:
    """The answer for a sale, as it will be read again."""
    planned, situation = case.planned()
    held = is_held(case)
    tokens = tuple(
        IssuedToken(draft.kind, draft.units, draft.minute, None if held else digits)
        for draft in planned.drafts
        for digits in draft.digits
    )
    return Sold(
        case.id, turn.now, planned.kind, case.request.message_id, case.pan, situation.book.utility.currency.code,
        planned.tender, planned.units, planned.free_units, planned.lines, tokens, tuple(planned.warnings),
        released=not held,
    )  # fmt: skip

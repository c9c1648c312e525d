"""What each event does: to the registry, the books and the meters, in one transaction."""

from collections.abc import Awaitable, Callable
from typing import Any, Final
from uuid import UUID

from umbane.db import new_ids
from umbane.fleet.catalogue import Unit, describe_units
from umbane.fleet.deeds import (
    FAULTS,
    Block,
    ChangeTenant,
    Convert,
    Deed,
    Install,
    Move,
    Remove,
    Replace,
    Restock,
    Scrap,
    Stock,
    Unblock,
    require_legal,
)
from umbane.fleet.errors import IllegalEventError
from umbane.fleet.work import (
    Done,
    Work,
    changed,
    fitting,
    hung,
    named,
    place_named,
    require_fit,
    require_vacant,
    taken_down,
    till_named,
)
from umbane.ledger.debts import Origin
from umbane.pricing import Arrears
from umbane.registry import (
    Contract,
    Customer,
    KeyParameters,
    Meter,
    MeterState,
    NotFoundError,
    add_customers,
    add_debt,
    add_meters,
    block_meter,
    change_tariff,
    change_tenant,
    contract,
    contract_by_account,
    customer,
    install_meter,
    key_revisions,
    pan_of,
    remove_meter,
    replace_meter,
    restock_meter,
    scrap_meter,
    unblock_meter,
)
from umbane.registry.bars import barred
from umbane.sts import EA, KRN, KT, SGC, TCT, TI, MeterPAN

__all__ = ["DOERS"]

NOTHING: Final = "nothing"


async def stock(work: Work, deed: Stock) -> Done:
    """Add a meter to the registry."""
    sgc, krn, kt = SGC(deed.sgc), KRN(deed.krn), KT(deed.kt)
    every = await key_revisions(work.tx, work.scope.utility_id)
    named_key = next((it for it in every if (it.sgc, it.krn, it.kt) == (sgc, krn, kt)), None)
    if named_key is None:
        raise NotFoundError("key revision", f"{krn.value} of supply group {sgc}")
    key = KeyParameters(sgc, krn, TI(deed.ti), kt, named_key.base_date, named_key.ken)
    new = Meter(new_ids(1)[0], MeterPAN(pan_of(deed.meter)), EA(deed.ea), TCT(deed.tct), key, deed.model)
    await add_meters(work.tx, work.scope, [new])
    await describe_units(work.tx, work.scope, [Unit(new.id, deed.firmware, deed.delivered or work.day)])
    did = {"state": [None, new.state], "key": f"as coded by the supplier: {key}", "books": NOTHING, "tokens": "none"}
    return Done(new.id, did)


async def restock(work: Work, deed: Restock) -> Done:
    """Put a meter back into the store."""
    it = await fitting(work, deed)
    await restock_meter(work.tx, work.scope, it.id)
    return Done(it.id, changed(it, MeterState.STOCKED))


async def install(work: Work, deed: Install) -> Done:
    """Hang a meter up."""
    it, place = await fitting(work, deed), await place_named(work.tx, work.scope.utility_id, deed.place)
    await require_vacant(work, place)
    await require_fit(work, it, deed.site)
    after = await install_meter(work.tx, work.scope, it.id, place)
    days = await hung(work, it, work.day)
    account = await account_of(work, after.contract_id)
    did = changed(it, after.state, installed=days, account=account)
    return Done(it.id, did, place_id=place)


async def account_of(work: Work, contract_id: UUID | None) -> str | None:
    """The number of an account; None for a vacant place."""
    return (await contract(work.tx, work.scope.utility_id, contract_id)).account_no if contract_id else None


async def exchange(work: Work, deed: Replace) -> Done:
    """Hang a meter in another's place; the token for what is to be carried over is made afterwards."""
    old, new = await fitting(work, deed), await named(work, deed.by)
    require_legal(Install, new.state, new.pan.drn)
    await require_fit(work, new, deed.site)
    served, place = await taken_down(work, old), old.service_point_id
    till = await till_named(work.tx, work.scope.utility_id, deed.terminal) if deed.terminal else None
    after = await replace_meter(work.tx, work.scope, old.id, new.id, work.report.reason)
    days = await hung(work, new, work.day)
    did = changed(
        old, MeterState.REMOVED, by=[new.state, after.state], installed=days, closing=deed.closing,
        account=await account_of(work, after.contract_id), books="debts and blocks stay with the account",
        tokens=f"{deed.closing} tenths of a kWh to be carried over" if deed.closing > 0 else "none",
    )  # fmt: skip
    return Done(
        old.id, did, new.id, place, credit=max(0, deed.closing), terminal_id=till,
        model=old.model, faulty=deed.cause in FAULTS, served=served,
    )  # fmt: skip


async def move(work: Work, deed: Move) -> Done:
    """Take a meter from one place to another."""
    it, place = await fitting(work, deed), await place_named(work.tx, work.scope.utility_id, deed.place)
    await require_vacant(work, place)
    await require_fit(work, it, deed.site)
    await remove_meter(work.tx, work.scope, it.id, work.report.reason)
    after = await install_meter(work.tx, work.scope, it.id, place)
    accounts = [await account_of(work, its) for its in (it.contract_id, after.contract_id)]
    did = changed(it, after.state, account=accounts, tokens="what it holds goes with it")
    return Done(it.id, did, place_id=place, left_id=it.service_point_id)


async def hand_over(work: Work, deed: ChangeTenant) -> Done:
    """Let another customer take a place over."""
    it = await fitting(work, deed)
    if it.contract_id is None or it.service_point_id is None:
        raise IllegalEventError(f"nobody has a contract for meter {it.pan.drn}: open one instead")
    old = await contract(work.tx, work.scope.utility_id, it.contract_id)
    who = await newcomer(work, deed)
    tariff = deed.tariff or old.tariff_id
    entering = Contract(new_ids(1)[0], who, it.service_point_id, deed.account, tariff, work.day)
    new = await change_tenant(work.tx, work.scope, old.id, entering)
    owed = sum(debt.owed for debt in old.state.arrears)
    follows = "moved to the new account" if new.state.arrears else "stays with who left"
    did = changed(
        it, it.state, account=[old.account_no, new.account_no], accumulators="start anew",
        books=f"{owed} owed: {follows}" if owed else NOTHING,
    )  # fmt: skip
    return Done(it.id, did, place_id=it.service_point_id)


async def newcomer(work: Work, deed: ChangeTenant) -> UUID:
    """The customer who moves in, added if nobody knows them."""
    if deed.customer:
        return (await customer(work.tx, work.scope.utility_id, deed.customer)).id
    new = Customer(new_ids(1)[0], deed.name or "", deed.phone, deed.email, deed.id_number)
    await add_customers(work.tx, work.scope, [new])
    return new.id


async def block(work: Work, deed: Block) -> Done:
    """Sell nothing to a meter."""
    it = await fitting(work, deed)
    await block_meter(work.tx, work.scope, it.id, work.report.reason)
    return Done(it.id, changed(it, MeterState.BLOCKED), place_id=it.service_point_id)


async def unblock(work: Work, deed: Unblock) -> Done:
    """Sell to a meter again, unless the policy says that nothing may be sold to its kind."""
    it = await fitting(work, deed)
    if await barred(work.tx, work.scope.utility_id, [it.id]):
        raise IllegalEventError(f"meter {it.pan.drn} is barred with its model: show what is missing, then enforce")
    await unblock_meter(work.tx, work.scope, it.id, work.report.reason)
    return Done(it.id, changed(it, MeterState.INSTALLED), place_id=it.service_point_id)


async def remove(work: Work, deed: Remove) -> Done:
    """Take a meter down."""
    it = await fitting(work, deed)
    served = await taken_down(work, it)
    await remove_meter(work.tx, work.scope, it.id, work.report.reason)
    lost = "what it held stays in it" if deed.closing is None else f"{deed.closing} tenths of a kWh stay in it"
    did = changed(it, MeterState.REMOVED, account=await account_of(work, it.contract_id), tokens=lost)
    return Done(
        it.id, did, place_id=it.service_point_id, model=it.model, faulty=deed.cause in FAULTS, served=served
    )  # fmt: skip


async def scrap(work: Work, deed: Scrap) -> Done:
    """Put a meter away for ever."""
    it = await fitting(work, deed)
    await scrap_meter(work.tx, work.scope, it.id, work.report.reason)
    return Done(it.id, changed(it, MeterState.SCRAPPED))


async def convert(work: Work, deed: Convert) -> Done:
    """Hang a prepayment meter up where somebody was billed, and put what they owe on the account."""
    it = await fitting(work, deed)
    billed = await contract_by_account(work.tx, work.scope.utility_id, deed.account)
    if billed.closed is not None:
        raise IllegalEventError(f"account {deed.account} is closed since {billed.closed}: nobody there to convert")
    await require_vacant(work, billed.service_point_id)
    await require_fit(work, it, deed.site)
    await change_tariff(work.tx, work.scope, billed.id, deed.tariff)
    after = await install_meter(work.tx, work.scope, it.id, billed.service_point_id)
    days, debts = await hung(work, it, work.day), []
    for debt in deed.arrears:
        owed = Arrears(debt.debt, debt.owed, percent=debt.percent, instalment=debt.instalment)
        entry, _ = await add_debt(
            work.tx, work.scope, billed.id, owed, Origin.TAKEN_OVER, work.now, work.report.reason
        )  # fmt: skip
        debts.append(str(entry))
    did = changed(
        it, after.state, installed=days, account=billed.account_no, tariff=[billed.tariff_id, deed.tariff],
        books=debts or NOTHING,
    )  # fmt: skip
    return Done(it.id, did, place_id=billed.service_point_id)


DOERS: Final[dict[type[Deed], Callable[[Work, Any], Awaitable[Done]]]] = {
    Stock: stock,
    Restock: restock,
    Install: install,
    Replace: exchange,
    Move: move,
    ChangeTenant: hand_over,
    Block: block,
    Unblock: unblock,
    Remove: remove,
    Scrap: scrap,
    Convert: convert,
}
"""Who does what."""

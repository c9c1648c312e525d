"""A purchase that is accepted: its lines, one by one, and the customer's state after it."""

from fractions import Fraction

from msgspec import structs

from umbane.pricing.account import Account, Debt, Due, free_units_on
from umbane.pricing.claims import take
from umbane.pricing.limits import check_tender
from umbane.pricing.quotes import Line, LineKind, Quote
from umbane.pricing.rates import ChargeRate
from umbane.pricing.state import Arrears, CustomerState
from umbane.pricing.tariff import FreeUnits, TenderShare

__all__ = ["claim", "settle"]


def settle(account: Account, tender: int) -> Quote:
    """Turn a tender into a quote.

    Raises:
        TenderRefused: it is too little or too much.
    """
    return _Sale(account, tender).quote()


def claim(account: Account, rule: FreeUnits, units: int) -> Quote:
    """Give free units without a purchase."""
    return _Sale(account, 0).claim(rule, units)


class _Sale:
    """One purchase while its lines are being written."""

    def __init__(self, account: Account, tender: int) -> None:
        self.account = account
        self.tender = tender
        self.left = tender
        """What the steps so far have left of the tender."""
        self.lines: list[Line] = []
        self.amounts = [0] * account.card.components
        """What stands on the lines, by the places that taxes refer to."""
        self.collected: dict[int, int] = {}
        """What was collected of each debt, by its place among the customer's."""
        self.unpaid = dict(account.state.unpaid_charges)
        self.counted = 0
        """Tenths of free units that count toward the blocks."""

    def quote(self) -> Quote:
        for deduction in self.account.deductions:
            reached = self.left
            for claim, amount in zip(deduction.claims, take(reached, *deduction), strict=True):
                self._deduct(claim.source, amount, reached)
        units, credit = self._energy()
        check_tender(self.account, self.tender, self.left, units)
        self._levies(units)
        self._balance(credit)
        free = self._free_units()
        return Quote(self.tender, units, free, tuple(self.lines), self._state(units, credit, free), self.account)

    def claim(self, rule: FreeUnits, units: int) -> Quote:
        self._give(rule, units)
        account = self.account
        state = structs.replace(
            account.state,
            period_start=account.start,
            purchased=account.purchased + self.counted,
            spent=account.spent,
            arrears=self._arrears(),
            free_claimed_on=account.day,
        )
        return Quote(0, 0, units, tuple(self.lines), state, account)

    def _deduct(self, source: Due | Debt | TenderShare, amount: int, reached: int) -> None:
        """Write the line of a deduction, taken from the money that reached its step."""
        self.left -= amount
        if isinstance(source, Due):
            self.unpaid[source.rate.name] = source.amount - amount
        if not amount:
            return
        if isinstance(source, Due):
            self._charge(source.rate, amount)
        elif isinstance(source, Debt):
            self.collected[source.place] = amount
            self.lines.append(Line(LineKind.ARREARS, source.kind, source.label, amount))
        elif source.is_tax:
            self.lines.append(Line(LineKind.TAX, source.name, source.label, amount, reached, source.rate))
        else:
            self._charge(self.account.card.charges[source.name], amount, reached, source.rate)

    def _charge(self, charge: ChargeRate, paid: int, reached: int = 0, rate: Fraction | None = None) -> None:
        net = charge.net(paid, self.account.tariff.money_rule)
        self.amounts[charge.place] = net
        self.lines.append(Line(LineKind.CHARGE, charge.name, charge.label, net, reached, rate))

    def _energy(self) -> tuple[int, int]:
        """Write the lines of the energy; give its tenths, and the money that can't be spent before a step."""
        account, card = self.account, self.account.card
        before, money = account.purchased, account.tariff.money_rule
        value = card.value(before) + (self.left + account.state.credit) * card.scale
        total = min(card.total(value, account.tariff.unit_rule), before + account.most_units)
        for block, tenths in card.portions(before, total):
            name, label, rate, numerator, denominator, place = card.blocks[block]
            amount = self.amounts[place] = money(tenths * numerator, denominator)
            self.lines.append(Line(LineKind.ENERGY, name, label, amount, tenths, rate, per_unit=True))
        if card.entries:
            self._entries(card.block_of(before), card.block_of(total))
        return total - before, card.left_over(total, value)

    def _entries(self, before: int, after: int) -> None:
        """Write what is due for entering blocks."""
        for entry in self.account.card.entries:
            if before < entry.block <= after:
                rate = entry.rate
                amount = self.account.tariff.money_rule(rate.numerator, rate.denominator)
                self.amounts[entry.place] = amount
                self.lines.append(Line(LineKind.CHARGE, entry.name, entry.label, amount))

    def _levies(self, units: int) -> None:
        """Write surcharges and taxes, each on the amounts that stand on the lines before it."""
        amounts, money = self.amounts, self.account.tariff.money_rule
        for is_tax, name, label, rate, numerator, denominator, place, bases in self.account.card.levies:
            base = units if bases is None else sum([amounts[it] for it in bases])
            if base:
                amount = amounts[place] = money(base * numerator, denominator)
                kind = LineKind.TAX if is_tax else LineKind.SURCHARGE
                self.lines.append(Line(kind, name, label, amount, base, rate, bases is None))

    def _balance(self, credit: int) -> None:
        """Write the lines that make the sum the tender: credit used and carried, and rounding."""
        used = self.account.state.credit
        if used:
            self.lines.append(Line(LineKind.CREDIT, "credit_used", "Credit from your last purchase", -used))
        if credit:
            self.lines.append(Line(LineKind.CREDIT, "credit_carried", "Credit for your next purchase", credit))
        rounding = self.tender - sum([line.amount for line in self.lines])
        if rounding:
            self.lines.append(Line(LineKind.ROUNDING, "rounding", "Rounding", rounding))

    def _free_units(self) -> int:
        """Write the line of the free units that come with this purchase; give their tenths."""
        account, free = self.account, self.account.tariff.free_units
        if free is None or not free.with_purchase:
            return 0
        units = free_units_on(account.tariff, account.state, account.day)
        if units:
            self._give(free, units)
        return units

    def _give(self, rule: FreeUnits, units: int) -> None:
        """Write the line of free units."""
        self.lines.append(Line(LineKind.FREE, "free_units", rule.label, 0, units, per_unit=True))
        self.counted = units if rule.counts_toward_blocks else 0

    def _state(self, units: int, credit: int, free: int) -> CustomerState:
        """The customer after the sale."""
        account, state, tariff = self.account, self.account.state, self.account.tariff
        return CustomerState(
            period_start=account.start,
            purchased=account.purchased + units + self.counted,
            spent=account.spent + self.tender,
            credit=credit,
            arrears=self._arrears() if state.arrears else (),
            charged_on=max(account.day, state.charged_on or account.day) if tariff.charges else state.charged_on,
            unpaid_charges=tuple((name, amount) for name, amount in self.unpaid.items() if amount),
            free_from=state.free_from,
            free_until=state.free_until,
            free_claimed_on=account.day if free else state.free_claimed_on,
            anniversary=state.anniversary,
            connected_load=state.connected_load,
        )

    def _arrears(self) -> tuple[Arrears, ...]:
        """The debts that are left."""
        same = self.account.same_period
        debts = enumerate(self.account.state.arrears)
        after = (_after(debt, self.collected.get(place, 0), debt.paid if same else 0) for place, debt in debts)
        return tuple(debt for debt in after if debt.owed)


def _after(debt: Arrears, amount: int, paid: int) -> Arrears:
    """A debt after this amount of it has been collected."""
    if not amount and paid == debt.paid:
        return debt
    return Arrears(debt.kind, debt.owed - amount, paid + amount, debt.percent, debt.instalment, debt.frozen)

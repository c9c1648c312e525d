"""Credit registers: what came in, what went where, what is left; exact to the millijoule and millisecond."""

from typing import NamedTuple

from umbane.meter.units import SCALES

__all__ = ["NO_ACCOUNTS", "Account", "Accounts", "with_account"]


class Account(NamedTuple):
    """One credit register, in its unit of account (``umbane.meter.units.SCALES``).

    At every moment ``balance == received - consumed - collected - cleared``: nothing is created, nothing is lost.
    """

    balance: int = 0
    """What is left. Negative: emergency credit or a friendly period was used, or a debit token came."""
    received: int = 0
    """By tokens."""
    consumed: int = 0
    """By the load, or by time."""
    collected: int = 0
    """For debt and standing charges."""
    cleared: int = 0
    """By ClearCredit tokens."""

    def receive(self, amount: int, collected: int) -> "Account":
        """A token's amount, of which ``collected`` goes to debt and charges."""
        balance = self.balance + amount - collected
        return Account(balance, self.received + amount, self.consumed, self.collected + collected, self.cleared)

    def consume(self, amount: int) -> "Account":
        """What the load or time has used."""
        return Account(self.balance - amount, self.received, self.consumed + amount, self.collected, self.cleared)

    def collect(self, amount: int) -> "Account":
        """What goes to debt and charges."""
        return Account(self.balance - amount, self.received, self.consumed, self.collected + amount, self.cleared)

    def clear(self) -> "Account":
        """Nothing left, nothing owed."""
        return Account(0, self.received, self.consumed, self.collected, self.cleared + self.balance)

    @property
    def is_sound(self) -> bool:
        """Whether the books balance."""
        return self.balance == self.received - self.consumed - self.collected - self.cleared


Accounts = tuple[Account, ...]
"""One account for each subclass, whether the meter implements it or not."""

NO_ACCOUNTS: Accounts = (Account(),) * len(SCALES)


def with_account(accounts: Accounts, subclass: int, account: Account) -> Accounts:
    """The accounts with one of them replaced."""
    return (*accounts[:subclass], account, *accounts[subclass + 1 :])

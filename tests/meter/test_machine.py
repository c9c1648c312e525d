"""No sequence of events creates credit, loses credit, or makes a token work twice."""

import json
from dataclasses import replace
from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.meter.support import KEY, START, Till, config, new_meter
from umbane.meter import (
    MILLIJOULES_PER_WH,
    SCALES,
    ClockPlan,
    CollectionPlan,
    EmergencyPlan,
    Event,
    Fate,
    Form,
    LinkState,
    Load,
    LockoutPlan,
    Meter,
    MeterConfig,
    MeterTariff,
    Tamper,
    TokenOutcome,
    TokenResult,
    TripPlan,
    WeekPlan,
)
from umbane.sts import KRN, BaseDate, DecoderKey, EncodedToken, Service

SENSORS = st.sampled_from([Tamper.MAGNETIC_FIELD, Tamper.TERMINAL_COVER, Tamper.METER_COVER])
SPANS = st.sampled_from([0, 1, 999, 60_000, 3_600_000, 86_400_000, 40 * 86_400_000]).flatmap(
    lambda most: st.integers(0, most).map(lambda ms: timedelta(milliseconds=ms))
)
PLAN = WeekPlan.daily((0, 0), (360, 1), (1200, 0))
COMMON = {"lockout": LockoutPlan(after=4), "trips": TripPlan(recloses=2), "power_limit": 9000}
CONFIGS = [
    config(**COMMON),
    config(
        **COMMON,
        form=Form.SPLIT,
        low_credit=(100, 20),
        emergency=EmergencyPlan(limit=30, offered_from=5),
        collection=CollectionPlan(debt=900, debt_percent=20, debt_per_day=3, charge_per_day=2),
        clock=ClockPlan(drift_ppm=-4321, battery_hours=30, zone_minutes=330),
    ),
    config(**COMMON, form=Form.THREE_PHASE, subclasses=(4, 1), tariff=MeterTariff((12_345, 999), PLAN, fallback=1)),
    config(**COMMON, subclasses=(3, 0), paid_by=(0, 3), friendly=PLAN, register_limit=5000),
]


class MeterLife(RuleBasedStateMachine):
    """A meter, a till, a drawer full of slips, and somebody who tries everything.

    Beside the meter runs a book of what was paid in; the meter is saved after each step, as its memory does it, and
    a crash takes it back to what was saved.
    """

    @initialize(made=st.sampled_from(CONFIGS))
    def begin(self, made: MeterConfig) -> None:
        """Put a new meter on the wall."""
        self.meter = new_meter(made)
        self.keys: dict[str, DecoderKey] = {"a": KEY}
        self.tills: dict[str, Till] = {"a": Till(KEY)}
        self.current = "a"
        self.slips: list[tuple[EncodedToken, str, int]] = []
        self.accepted: set[EncodedToken] = set()
        self.paid_in = [0] * 8
        self.half_done = ("a", False)
        self.sequence = 0
        self.saved = json.dumps(self.meter.snapshot())

    def save(self) -> None:
        """What the meter's memory does at the end of each step."""
        self.saved = json.dumps(self.meter.snapshot())

    def told(self, events: tuple[Event, ...]) -> None:
        """The events of a step follow on those before it."""
        numbers = [event.sequence for event in events]
        assert numbers == list(range(self.sequence + 1, self.sequence + 1 + len(events)))
        assert all(START.timestamp() * 1000 <= event.at <= self.meter.state.time for event in events)
        self.sequence += len(events)
        self.save()

    # ------------------------------------------------------------------------------------------------------- tokens

    def enter(self, token: EncodedToken, carried: dict[int, int]) -> TokenOutcome:
        """Type a token that is worth this; the book notes what must have come of it."""
        before = [account.received for account in self.meter.state.accounts]
        outcome = self.meter.enter(token)
        came = [account.received - old for account, old in zip(self.meter.state.accounts, before, strict=True)]
        if any(came) or (outcome.result is TokenResult.ACCEPT and carried):
            assert token not in self.accepted, "a token worked twice"
            self.accepted.add(token)
            assert came == [carried.get(subclass, 0) * SCALES[subclass] for subclass in range(8)]
            for subclass, units in carried.items():
                self.paid_in[subclass] += units * SCALES[subclass]
        self.told(outcome.events)
        return outcome

    @rule(units=st.integers(1, 3000), which=st.integers(0, 3), out_of_order=st.integers(0, 3))
    def buy(self, units: int, which: int, out_of_order: int) -> None:
        """Sell a token for the meter's present key, to be typed at some time."""
        till = self.tills[self.current]
        subclass = self.meter.config.subclasses[which % len(self.meter.config.subclasses)]
        till.minute += out_of_order
        token = till.money(units) if subclass == 4 else till.credit(units, Service(subclass))
        self.slips.append((token, self.current, subclass << 32 | units))

    @precondition(lambda self: self.slips)
    @rule(data=st.data())
    def type_slip(self, data: st.DataObject) -> None:
        """Type any slip there ever was: fresh, used, of an earlier key."""
        token, key, worth = data.draw(st.sampled_from(self.slips))
        subclass, units = divmod(worth, 1 << 32)
        outcome = self.enter(token, {subclass: units})
        if key != self.current:
            assert not outcome.accepted

    @precondition(lambda self: self.slips)
    @rule(data=st.data(), bit=st.integers(0, 65))
    def mistype(self, data: st.DataObject, bit: int) -> None:
        """Type a slip with one bit wrong."""
        token, _, _ = data.draw(st.sampled_from(self.slips))
        assert not self.enter(EncodedToken(token.bits ^ 1 << bit), {}).accepted

    @rule(bits=st.integers(0, (1 << 66) - 1))
    def guess(self, bits: int) -> None:
        """Type random digits."""
        self.enter(EncodedToken(bits), {})

    @rule(watts=st.integers(0, 20_000), tamper=st.booleans())
    def manage(self, watts: int, tamper: bool) -> None:  # noqa: FBT001 - drawn
        """Type a management token twice."""
        till = self.tills[self.current]
        token = till.clear_tamper() if tamper else till.power_limit(watts)
        if self.meter.enter(token).accepted:
            self.accepted.add(token)
        self.sequence = self.meter.state.log.sequence
        assert not self.enter(token, {}).accepted or token not in self.accepted

    @rule()
    def clear_credit(self) -> None:
        """Take all credit away."""
        self.enter(self.tills[self.current].clear_credit(), {})

    # -------------------------------------------------------------------------------------------------- key changes

    @rule(name=st.sampled_from("abc"), rollover=st.booleans(), reverse=st.booleans(), broken=st.booleans())
    def change_key(self, name: str, rollover: bool, reverse: bool, broken: bool) -> None:  # noqa: FBT001 - drawn
        """Change to another key, to one of before, or to the same; or break off half-way, to go on with the same set.

        (Halves of two sets make a key that nobody has; the standard has no way to tell.)
        """
        if self.meter.pending_sections:
            name, rollover = self.half_done
        self.half_done = name, rollover
        number = ord(name) - ord("a")
        new = self.keys.setdefault(name, replace(KEY, value=KEY.value + number, krn=KRN(1 + number)))
        self.tills.setdefault(name, Till(new)).minute += 1
        base = BaseDate.Y2035 if rollover else KEY.base_date
        sections = Till(self.keys[self.current]).key_change(replace(new, base_date=base))
        for token in sections[::-1][: 1 + (not broken)] if reverse else sections[: 1 + (not broken)]:
            self.enter(token, {})
        assert self.meter.key in {self.keys[self.current], new}
        self.current = name if self.meter.key == new else self.current

    @rule(rollover=st.booleans())
    def detour(self, rollover: bool) -> None:  # noqa: FBT001 - drawn
        """Go to another key and back, and try all slips that were good once."""
        here = self.current
        for name in ("abc"[(ord(here) - ord("a") + 1) % 3], here):
            self.change_key(name, rollover, reverse=False, broken=False)
        for token in self.accepted:
            assert not self.enter(token, {}).accepted

    # -------------------------------------------------------------------------------------------- the rest of the world

    @rule(span=SPANS, watts=st.sampled_from([0, 1, 100, 2500, 9001]), phase=st.integers(0, 2))
    def advance(self, span: timedelta, watts: int, phase: int) -> None:
        """Let time pass."""
        phases = self.meter.config.form.phases
        load = Load(tuple(watts if number == phase % phases else 0 for number in range(phases)))
        self.told(self.meter.advance(span, load))

    @rule(neutral=st.booleans())
    def interfere_with_wires(self, neutral: bool) -> None:  # noqa: FBT001 - drawn
        """Turn the meter round, or take the neutral away."""
        phases = self.meter.config.form.phases
        load = Load((500,) * phases, neutral_connected=False) if neutral else Load((-500,) * phases)
        before = self.meter.state.energy
        self.told(self.meter.advance(timedelta(hours=1), load))
        assert self.meter.state.energy == before

    @rule(tamper=SENSORS, present=st.booleans())
    def interfere_with_covers(self, tamper: Tamper, present: bool) -> None:  # noqa: FBT001 - drawn
        """Open or close something."""
        self.told(self.meter.sense(tamper, present=present))

    @rule()
    def cut_power(self) -> None:
        """The mains go."""
        self.told(self.meter.cut_power())

    @rule()
    def return_power(self) -> None:
        """The mains come back."""
        self.told(self.meter.return_power())

    @rule()
    def crash(self) -> None:
        """The meter's processor starts again from its memory."""
        state = self.meter.state
        self.meter = Meter.restore(json.loads(self.saved), key=self.keys[self.current])
        assert self.meter.state == state

    @rule(what=st.sampled_from(["button", "emergency", "battery"]))
    def push(self, what: str) -> None:
        """Push a button, or change the battery."""
        meter = self.meter
        self.told(
            {"button": meter.press_button, "emergency": meter.take_emergency_credit, "battery": meter.replace_battery}[
                what
            ]()
        )

    @rule(days=st.integers(-500, 500))
    def set_clock(self, days: int) -> None:
        """Set the clock, right or wrong."""
        self.told(self.meter.set_clock(self.meter.time + timedelta(days=days)))

    @rule(present=st.booleans(), paired=st.booleans(), noise=st.lists(st.sampled_from(Fate), max_size=6))
    def set_link(self, present: bool, paired: bool, noise: list[Fate]) -> None:  # noqa: FBT001 - drawn
        """Do something to the line."""
        self.told(self.meter.set_link(LinkState(present, paired, tuple(noise))))

    # ------------------------------------------------------------------------------------------------ what always holds

    @invariant()
    def books_balance(self) -> None:
        """Paid in = used + collected + cleared + left, and nothing was received that wasn't paid in."""
        for subclass, account in enumerate(self.meter.state.accounts):
            assert account.received == self.paid_in[subclass]
            assert account.balance == account.received - account.consumed - account.collected - account.cleared

    @invariant()
    def use_is_what_flowed(self) -> None:
        """Credit was used for energy that flowed, at its price, and for nothing else."""
        energy, accounts = self.meter.state.energy, self.meter.state.accounts
        assert sum(energy.by_rate) == sum(energy.imported)
        if 0 in self.meter.config.gates:
            assert accounts[0].consumed == sum(energy.imported)
        if 4 in self.meter.config.gates:
            prices = self.meter.config.tariff.prices
            assert accounts[4].consumed == sum(mj * price for mj, price in zip(energy.by_rate, prices, strict=True))
        assert sum(self.meter.imported_wh) <= sum(energy.imported) // MILLIJOULES_PER_WH

    @invariant()
    def supply_is_paid_for(self) -> None:
        """Where the switch is closed there is credit, or lent credit, or a friendly period, and no tamper."""
        state, made = self.meter.state, self.meter.config
        if self.meter.connected:
            lent = made.emergency.limit * SCALES[made.gates[0]] if state.standing.emergency else 0
            paid = all(state.accounts[gate].balance > -lent for gate in made.gates)
            assert paid or state.calendar.friendly
            assert not self.meter.tampers


MeterLife.TestCase.settings = settings(max_examples=60, stateful_step_count=40)
TestMeterLife = MeterLife.TestCase

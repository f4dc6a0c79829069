"""A bank at work: the limits of all its packs together, and what its members do to each other."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from cellwarden.app.service.pack_runner import PackRunner
from cellwarden.control.bank import BankMember, bank_limits
from cellwarden.core.limits import Limits
from cellwarden.core.sample_block import SampleBlock
from cellwarden.runtime.bank_watch import BankReading, BankWatch, advance_bank

__all__ = ["BankRunner"]


class BankRunner:
    """Looks at its packs once a tick; holds the watch that `advance_bank` advances."""

    def __init__(self, name: str, packs: Mapping[str, PackRunner]) -> None:
        self.name = name
        self.limits: Limits | None = None
        self._packs = packs
        self._watch = BankWatch()

    def look(self, unix_time_second: float) -> None:
        """The limits now, and evidence to the packs that it concerns."""
        readings = {name: self._reading(runner) for name, runner in self._packs.items()}
        members = [
            BankMember(pack_id=name, connected=readings[name].connected, limits=runner.decision.limits)
            for name, runner in self._packs.items()
            if runner.decision is not None
        ]
        self.limits = bank_limits(members) if len(members) == len(self._packs) else None
        self._watch, evidence = advance_bank(self._watch, self.name, readings, unix_time_second)
        for name, item in evidence:
            runner = self._packs[name]
            runner.estimation.put(name, item)

    def _reading(self, runner: PackRunner) -> BankReading:
        rows = [state.newest for state in runner.sources.values() if state.newest is not None and not state.is_silent]
        flows = [float(row.current_ampere[0]) for row in rows if np.isfinite(row.current_ampere[0])]
        return BankReading(
            connected=_is_connected(rows[0]) if rows else None,
            current_ampere=flows[0] if flows else np.nan,
            capacity_ah=runner.setup.live.context.pack.nominal_capacity_ah,
        )


def _is_connected(row: SampleBlock) -> bool:
    """Whether a pack hangs on the busbar: off only where it says that both its switches are open."""
    charge, discharge = row.charge_switch_fraction, row.discharge_switch_fraction
    if charge is None or discharge is None:
        return True
    return not (charge[0] == 0.0 and discharge[0] == 0.0)

"""The pack's own sums of the open minute, in Numba: current, charge, energy, and what a thinner log would miss."""

from __future__ import annotations

from numba import njit

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation import minute_slots as at
from cellwarden.estimation.bare_kernel import bare_kernel

__all__ = ["add_charge", "add_pack", "watch_current"]


@njit(cache=True, inline="always")
def add_pack(pack: FloatArray, current: float, pack_volt: float, ambient: float, switch: float) -> None:
    """Add one sample of the pack's own quantities to the open minute."""
    pack[at.SAMPLES] += 1.0
    if current == current:
        first = pack[at.CURRENT_COUNT] == 0.0
        pack[at.CURRENT_MIN] = current if first else min(pack[at.CURRENT_MIN], current)
        pack[at.CURRENT_MAX] = current if first else max(pack[at.CURRENT_MAX], current)
        pack[at.CURRENT_SUM] += current
        pack[at.CURRENT_COUNT] += 1.0
    if pack_volt == pack_volt:
        pack[at.PACK_SUM] += pack_volt
        pack[at.PACK_COUNT] += 1.0
    if ambient == ambient:
        pack[at.AMBIENT_SUM] += ambient
        pack[at.AMBIENT_COUNT] += 1.0
    if switch == switch:
        pack[at.SWITCH_SUM] += switch
        pack[at.SWITCH_COUNT] += 1.0


@njit(cache=True, inline="always")
def add_charge(pack: FloatArray, charge: float, cell_sum_volt: float) -> None:
    """Add the charge of one interval [Ah] and its energy at the cells' sum [V]."""
    energy = charge * cell_sum_volt if cell_sum_volt == cell_sum_volt else 0.0
    pack[at.CHARGE] += charge
    if charge >= 0.0:
        pack[at.CHARGE_IN] += charge
        pack[at.ENERGY_IN] += energy
    else:
        pack[at.CHARGE_OUT] -= charge
        pack[at.ENERGY_OUT] -= energy


@njit(cache=True, inline="always")
def watch_current(pack: FloatArray, current: float, interval: float, band: float) -> None:
    """Gather peaks, and what a log of every second, every fourth sample would miss over groups of four intervals."""
    low, middle = abs(pack[at.EARLIER_CURRENT]), abs(pack[at.LAST_CURRENT])
    if middle - low > 2.0 * band:
        pack[at.PEAKS] += 1.0
        pack[at.PEAKS_SHORT] += middle - abs(current) >= 0.5 * (middle - low)
    pack[at.EARLIER_CURRENT] = pack[at.LAST_CURRENT]
    count = int(pack[at.GROUP_COUNT])
    if count > 1 and abs(interval - pack[at.GROUP_INTERVAL]) > 0.25 * pack[at.GROUP_INTERVAL]:
        count = 0
    if count == 1:
        pack[at.GROUP_INTERVAL] = interval
    if count < 4:
        pack[at.GROUP_CURRENT + count] = current
        pack[at.GROUP_COUNT] = count + 1.0
        return
    _add_group(pack, current, band)
    pack[at.GROUP_CURRENT] = current
    pack[at.GROUP_COUNT] = 1.0


@bare_kernel
def _add_group(pack: FloatArray, e: float, band: float) -> None:
    """Add the squared errors that every second and every fourth of five samples make, where the current moved."""
    first = at.GROUP_CURRENT
    a, b, c, d = pack[first], pack[first + 1], pack[first + 2], pack[first + 3]
    if max(a, b, c, d, e) - min(a, b, c, d, e) <= 2.0 * band:
        return
    half = 0.5 * pack[at.GROUP_INTERVAL]
    pack[at.THIN_CHARGE_2] += half**2 * ((2.0 * b - a - c) ** 2 + (2.0 * d - c - e) ** 2)
    pack[at.THIN_CHARGE_4] += (2.0 * half * (2.0 * c - a - e)) ** 2
    a, b, c, d, e = a * a, b * b, c * c, d * d, e * e
    pack[at.THIN_HEAT_2] += half**2 * ((2.0 * b - a - c) ** 2 + (2.0 * d - c - e) ** 2)
    pack[at.THIN_HEAT_4] += (2.0 * half * (2.0 * c - a - e)) ** 2

"""Cell designs of the twin: electrodes, transport, kinetics, hysteresis, leak, and how cells of one batch differ.

The values are of usual size for large LFP/graphite cells and the product's own choice; none is fitted to a data set
and none is shared with the estimators. Sizes scale with the nominal capacity.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from cellwarden.simulator.electrode import EntropyCurve, GraphiteCurve, LfpCurve, StagingReaction

__all__ = ["BROAD_STAGING", "LITERATURE_LIKE", "SHARP_STAGING", "WIDE_HYSTERESIS", "CellDesign", "CellSpread"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CellSpread:
    """One sigma of the cells of a pack, as fractions unless a unit is named."""

    lithium: float = 0.011
    electrode: float = 0.006
    resistance: float = 0.045
    kinetics: float = 0.06
    diffusion: float = 0.08
    hysteresis: float = 0.06
    joint: float = 0.3
    leak_log: float = 0.65
    heat_path: float = 0.05
    initial_soc: float = 0.004


@dataclass(frozen=True, slots=True, kw_only=True)
class CellDesign:
    """One type of cell.

    Attributes
    ----------
    hysteresis_volt : half-width of the hysteresis [V]
    hysteresis_reach : charge over which each of three play operators turns round, as half-widths in y
    hysteresis_weight : their weights, of sum 1
    hysteresis_relaxation_second : time constant of the creep of the hysteresis at rest [s]
    capacity_over_nominal : mean capacity of the batch over the nominal one
    negative_full_fraction, positive_empty_fraction : stoichiometries of graphite when full, of LFP when empty
    negative_diffusion_second, positive_diffusion_second : R²/D at 25 °C [s]
    slow_gain_second, slow_time_second : slow equalisation across the graphite electrode: rise of the surface over
        the mean per unit of dx/dt [s], and its time constant [s]
    ohmic_ohm_ah, electrolyte_ohm_ah : resistances times capacity at 25 °C [ohm·Ah]; the second comes with
        `electrolyte_second` [s]
    negative_exchange_c_rate, positive_exchange_c_rate : exchange current at x = ½ and 25 °C over capacity [1/h]
    joint_ohm_ah : healthy joint between cells times capacity [ohm·Ah]
    leak_ampere_per_ah : median leak when full at 25 °C [A/Ah]
    *_activation_kelvin : Arrhenius temperatures Ea/R [K]
    heat_capacity_joule_per_kelvin_ah : [J/(K·Ah)]
    """

    name: str
    graphite: GraphiteCurve
    lfp: LfpCurve
    entropy: EntropyCurve = field(default_factory=EntropyCurve)
    hysteresis_volt: float
    hysteresis_reach: tuple[float, float, float] = (0.003, 0.018, 0.07)
    hysteresis_weight: tuple[float, float, float] = (0.25, 0.35, 0.40)
    hysteresis_relaxation_second: float = 40 * 86400.0
    capacity_over_nominal: float = 1.02
    negative_full_fraction: float = 0.86
    positive_empty_fraction: float = 0.94
    negative_diffusion_second: float = 3200.0
    positive_diffusion_second: float = 1900.0
    slow_gain_second: float = 110.0
    slow_time_second: float = 2400.0
    ohmic_ohm_ah: float = 0.042
    electrolyte_ohm_ah: float = 0.022
    electrolyte_second: float = 38.0
    negative_exchange_c_rate: float = 1.3
    positive_exchange_c_rate: float = 1.0
    joint_ohm_ah: float = 0.003
    leak_ampere_per_ah: float = 4.0e-6
    diffusion_activation_kelvin: float = 3600.0
    kinetics_activation_kelvin: float = 4900.0
    electrolyte_activation_kelvin: float = 2000.0
    leak_activation_kelvin: float = 5600.0
    heat_capacity_joule_per_kelvin_ah: float = 20.5
    spread: CellSpread = field(default_factory=CellSpread)


SHARP_STAGING = CellDesign(
    name="sharp-staging",
    graphite=GraphiteCurve(
        (
            StagingReaction(0.0835, 0.455, 0.055),
            StagingReaction(0.1195, 0.235, 0.080),
            StagingReaction(0.1450, 0.085, 0.45),
            StagingReaction(0.2080, 0.130, 0.55),
            StagingReaction(0.3200, 0.095, 2.3),
        )
    ),
    lfp=LfpCurve(3.4240, 0.006, 0.055, 0.016, 0.060, 0.020),
    hysteresis_volt=0.008,
)

BROAD_STAGING = CellDesign(
    name="broad-staging",
    graphite=GraphiteCurve(
        (
            StagingReaction(0.0910, 0.380, 0.13),
            StagingReaction(0.1330, 0.300, 0.20),
            StagingReaction(0.1720, 0.120, 0.70),
            StagingReaction(0.2350, 0.110, 1.0),
            StagingReaction(0.4000, 0.090, 3.0),
        )
    ),
    lfp=LfpCurve(3.4310, 0.013, 0.042, 0.024, 0.075, 0.030),
    entropy=EntropyCurve(0.2e-4, -3.0e-4, 0.12, 0.7e-4, 0.45, 0.12),
    hysteresis_volt=0.017,
    negative_full_fraction=0.80,
    negative_diffusion_second=4600.0,
    positive_diffusion_second=2500.0,
    ohmic_ohm_ah=0.050,
    negative_exchange_c_rate=0.95,
    kinetics_activation_kelvin=5600.0,
)

WIDE_HYSTERESIS = CellDesign(
    name="wide-hysteresis",
    graphite=GraphiteCurve(
        (
            StagingReaction(0.0800, 0.500, 0.070),
            StagingReaction(0.1160, 0.190, 0.110),
            StagingReaction(0.1380, 0.110, 0.35),
            StagingReaction(0.1950, 0.110, 0.60),
            StagingReaction(0.3000, 0.090, 2.6),
        )
    ),
    lfp=LfpCurve(3.4200, 0.004, 0.060, 0.013, 0.060, 0.020),
    entropy=EntropyCurve(0.6e-4, -4.5e-4, 0.08, 1.1e-4, 0.33, 0.06),
    hysteresis_volt=0.024,
    hysteresis_reach=(0.005, 0.03, 0.11),
    negative_full_fraction=0.90,
    slow_gain_second=180.0,
    slow_time_second=3300.0,
)

LITERATURE_LIKE = CellDesign(
    name="literature-like",
    graphite=GraphiteCurve(
        (
            StagingReaction(0.0880, 0.400, 0.42),
            StagingReaction(0.1290, 0.310, 0.30),
            StagingReaction(0.2150, 0.190, 0.95),
            StagingReaction(0.3900, 0.100, 2.6),
        )
    ),
    lfp=LfpCurve(3.4080, 0.020, 0.062, 0.008, 0.110, 0.012),
    hysteresis_volt=0.010,
)

"""Temperatures as sentences write them."""

from __future__ import annotations

__all__ = ["celsius_text"]


def celsius_text(celsius: float, decimals: int | None = None) -> str:
    """A temperature with its unit and a true minus sign, e.g. `−20 °C`; without `decimals` as short as it is."""
    number = f"{celsius:g}" if decimals is None else f"{celsius:.{decimals}f}"
    return f"{number} °C".replace("-", "\u2212")

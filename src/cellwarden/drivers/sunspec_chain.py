"""The chain of SunSpec models: where "SunS" stands, and which model follows which; pure, its state is whole numbers.

Keys of the state (`DeviceProfile.extra`): `base` index of the place that is tried; `next` address of the next head;
`index` address of the model whose string and module are asked; `at_ADDRESS` number and length of a model, `of_ADDRESS`
its string and module; `walked` when the end has come.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from cellwarden.drivers.errors import FrameTypeError

__all__ = ["CHAIN", "Model", "is_walked", "step_read", "walked"]

CHAIN = "chain"
_BASES = (40000, 50000, 0)
_MARK = b"SunS"
_END, _INDEXED, _MOST_MODELS = 0xFFFF, frozenset({804, 805}), 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One model of a device.

    Attributes
    ----------
    number : of the model
    address : of its first register, which holds the number
    registers : all of it, with number and length
    first_index, second_index : string and module (805), string (804); 0 where the model has none
    """

    number: int
    address: int
    registers: int
    first_index: int
    second_index: int

    @classmethod
    def all_in(cls, extra: Mapping[str, int]) -> tuple[Self, ...]:
        """Models of a chain, by address."""
        addresses = sorted(int(key[3:]) for key in extra if key.startswith("at_"))
        return tuple(
            cls(
                number=extra[f"at_{address}"] >> 16,
                address=address,
                registers=2 + (extra[f"at_{address}"] & 0xFFFF),
                first_index=extra.get(f"of_{address}", 0) >> 16,
                second_index=extra.get(f"of_{address}", 0) & 0xFFFF,
            )
            for address in addresses
        )

    def require_head(self, data: bytes) -> None:
        """Require that the data begin like this model; nothing where there are none.

        Raises
        ------
        FrameTypeError
            They are of another model, string or module.
        """
        head = [self.number, self.registers - 2]
        if self.number in _INDEXED:
            head += [self.first_index, self.second_index][: 2 if self.number == 805 else 1]
        expected = b"".join(value.to_bytes(2, "big") for value in head)
        if data and not data.startswith(expected):
            raise FrameTypeError(f"registers at {self.address} are not those of model {self.number}")


def is_walked(extra: Mapping[str, int]) -> bool:
    """Whether the end of the chain has come."""
    return "walked" in extra


def step_read(extra: Mapping[str, int]) -> tuple[int, int]:
    """First register and number of registers that the next step reads."""
    if "index" in extra:
        return extra["index"] + 2, 2
    return (extra["next"] if "next" in extra else _BASES[extra.get("base", 0)]), 2


def walked(extra: Mapping[str, int], data: bytes) -> dict[str, int]:
    """The state after the step's answer; empty data: the device refused."""
    state = dict(extra)
    if "index" in state:
        address = state.pop("index")
        return {**state, f"of_{address}": int.from_bytes(data[:4], "big")}
    if "next" in state:
        return _after_head(state, data)
    if data == _MARK:
        return {**state, "next": step_read(state)[0] + 2}
    return {**state, "base": (state.get("base", 0) + 1) % len(_BASES)}


def _after_head(state: dict[str, int], data: bytes) -> dict[str, int]:
    address = state["next"]
    number, length = int.from_bytes(data[:2], "big"), int.from_bytes(data[2:4], "big")
    following = address + 2 + length
    models = sum(key.startswith("at_") for key in state)
    if not number or number == _END or not length or following > 0xFFFF or models >= _MOST_MODELS:
        return {**state, "walked": 1}
    state |= {f"at_{address}": number << 16 | length, "next": following}
    return {**state, "index": address} if number in _INDEXED and length >= 2 else state

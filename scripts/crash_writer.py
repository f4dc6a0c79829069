"""A writer that is made to be stopped at any moment, and what must be true of its store afterwards.

Two packs, a batch a row: a hundred rows a day, so that days are sealed all the time. Each batch is told on standard
output as soon as the store has acknowledged it.
"""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cellwarden.core.sample_block import SampleBlock
from cellwarden.store.batch import AuditRecord, EstimateMinutes, PackLayout, PackRows, StoreBatch
from cellwarden.store.landing import Landing
from cellwarden.store.reader import StoreReader

__all__ = ["PACKS", "Checked", "acknowledged", "check", "start_writer", "stopped", "write_on"]

PACKS = ("a", "b")
_START, _STEP = 1_750_032_000.0, 864.0
_LAYOUT = PackLayout(cells_in_series=16, sensors=("t1", "t2", "t3", "t4"))
_SEALED_EVERY = 40
Pipe = multiprocessing.connection.Connection


def _block(number: int) -> SampleBlock:
    """The row of that number; its values say which it is."""
    return SampleBlock(
        unix_time_second=np.array([_START + _STEP * number]),
        current_ampere=np.array([number / 1000.0]),
        pack_voltage_volt=np.array([53.0]),
        cell_voltage_volt=3.0 + (number % 500) / 1000.0 + np.zeros((1, 16)),
        temperature_celsius=np.full((1, 4), 25.0),
        ambient_temperature_celsius=np.array([np.nan]),
    )


def _batch(number: int) -> StoreBatch:
    time_second = np.array([_START + _STEP * number])
    soc = np.full((1, 16), 0.5)
    estimates = (
        EstimateMinutes(
            pack_id=pack,
            unix_time_second=time_second,
            soc_fraction=soc,
            soc_low_fraction=soc,
            soc_high_fraction=soc,
            temperature_forecast_celsius=np.full((1, 4), 26.0),
        )
        for pack in PACKS
    )
    record = AuditRecord(unix_time_second=float(time_second[0]), actor="test", action="row", detail={"number": number})
    return StoreBatch(
        rows=tuple(PackRows(pack, "main", _block(number)) for pack in PACKS),
        estimates=tuple(estimates),
        audit=(record,) if number % 10 == 0 else (),
    )


def write_on(folder: Path, number: int, told: Pipe) -> None:
    """Write batches from `number` on until stopped; -1 is told as soon as the store is open."""
    with Landing(folder, reserve_byte=1 << 20) as store:
        for pack in PACKS:
            store.register_pack(pack, "", _LAYOUT)
        told.send(-1)
        while True:
            store.write(_batch(number))
            told.send(number)
            number += 1
            if number % _SEALED_EVERY == 0:
                store.seal_step(_START + _STEP * number)


def start_writer(folder: Path, number: int) -> tuple[multiprocessing.context.ForkServerProcess, Pipe]:
    """A process that writes, and the end of the pipe at which it tells what is acknowledged."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["scripts.crash_writer"])
    told, telling = context.Pipe(duplex=False)
    process = context.Process(target=write_on, args=(folder, number, telling), daemon=True)
    process.start()
    telling.close()
    return process, told


def acknowledged(told: Pipe) -> Iterator[int]:
    """What has been told up to now."""
    try:
        while told.poll():
            yield told.recv()
    except EOFError:
        return


@contextmanager
def stopped(process: multiprocessing.context.ForkServerProcess, signal_number: int) -> Iterator[None]:
    """The process, stopped by a signal; it is killed at the end."""
    os.kill(process.pid or 0, signal_number)
    try:
        yield
    finally:
        process.kill()
        process.join()


@dataclass(frozen=True, slots=True)
class Checked:
    """What a store holds after a crash."""

    rows: int
    lost: int
    doubled: int
    wrong: int
    losses_told: int
    open_second: float


def check(folder: Path, newest: int) -> Checked:
    """Open a store after a crash, and look for every acknowledged row, for rows twice, and for wrong values.

    Parameters
    ----------
    newest : number of the newest acknowledged batch; every earlier one was acknowledged too
    """
    begin = time.perf_counter()
    with Landing(folder, reserve_byte=1 << 20) as store:
        open_second = time.perf_counter() - begin
        losses = len(store.losses)
    rows = lost = doubled = wrong = 0
    with StoreReader(folder) as reader:
        for pack in PACKS:
            blocks = list(reader.rows(pack))
            times = np.concatenate([np.empty(0), *(block.unix_time_second for block in blocks)])
            current = np.concatenate([np.empty(0), *(block.current_ampere for block in blocks)])
            numbers = np.rint((times - _START) / _STEP).astype(np.int64)
            rows += len(numbers)
            doubled += len(numbers) - len(np.unique(numbers))
            wrong += int(np.sum(np.rint(current * 1000.0) != numbers))
            lost += len(np.setdiff1d(np.arange(newest + 1), numbers))
            stamps = [part.unix_time_second for part in reader.estimates(pack, 0.0, 1e12)]
            lost += newest + 1 - min(newest + 1, sum(len(part) for part in stamps))
        recorded = {record.detail.get("number") for record in reader.audit(0.0, 1e12) if record.actor == "test"}
        lost += len(set(range(0, newest + 1, 10)) - recorded)
    return Checked(rows, lost, doubled, wrong, losses, open_second)

"""Cut the example pack from a synthetic development pack with known truth.

    python scripts/make_example.py [--source DIR] [--out DIR]

The log keeps every row around outages, charges and tests, and one row a minute on quiet float; there the balancing
column becomes the mean over the minute, as its definition asks. `planted.json` holds the planted faults alone, from the
truth.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

REPOSITORY = Path(__file__).resolve().parents[1]
SOURCE = REPOSITORY.parent / "shared" / "data" / "truth-dev" / "dev-float-leak"
OUT = REPOSITORY / "examples" / "leaky-pack"

ACTIVE_MILLIAMPERE = 1000
MARGIN_SECOND = 900.0
QUIET_INTERVAL_SECOND = 60.0


BACKUP = """
[backup]
load_watt = 1300.0
duration_hour = 2.0
coldest_celsius = 10.0
inverter_cutoff_volt = 44.0
inverter_efficiency = 0.92
"""


def rows_to_keep(time_second: NDArray[np.float64], current_milliampere: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(T,) which rows stay: all within a quarter of an hour of a current, and the last of each minute elsewhere."""
    active = time_second[np.abs(current_milliampere) > ACTIVE_MILLIAMPERE]
    place = np.searchsorted(active, time_second)
    around = np.concatenate(([-np.inf], active, [np.inf]))
    near = np.minimum(time_second - around[place], around[place + 1] - time_second) <= MARGIN_SECOND
    minute = np.ceil(time_second / QUIET_INTERVAL_SECOND)
    last_of_minute = np.append(minute[1:] != minute[:-1], np.array([True]))
    keep: NDArray[np.bool_] = near | last_of_minute
    return keep


def mean_since_kept(values: NDArray[np.float64], keep: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Mean of the rows after the previous kept row up to each kept row; steps of equal length are assumed."""
    last = np.flatnonzero(keep)
    sums = np.cumsum(values)[last]
    mean: NDArray[np.float64] = np.diff(sums, prepend=0.0) / np.diff(last, prepend=-1)
    return mean


def rounded_in_sum(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Whole numbers within one of `values` whose sums up to any row stay within a half of theirs."""
    whole: NDArray[np.float64] = np.diff(np.rint(np.cumsum(values)), prepend=0.0)
    return whole


def cut_log(log: pa.Table) -> pa.Table:
    """The rows to keep, in the log's own columns and types."""
    keep = rows_to_keep(
        log["unix_time_millisecond"].to_numpy() / 1000.0, log["current_milliampere"].to_numpy().astype(float)
    )
    columns = {}
    for field in log.schema:
        values = log[field.name].to_numpy()
        if field.name.startswith("balancing_"):
            percent = rounded_in_sum(mean_since_kept(values.astype(float), keep))
            columns[field.name] = pa.array(percent, field.type, safe=False)
        else:
            columns[field.name] = pa.array(values[keep], field.type)
    return pa.table(columns)


def planted_faults(truth_file: Path) -> list[dict[str, object]]:
    """What was planted: kind, place, onset and magnitude, as the truth states them."""
    truth = json.loads(truth_file.read_text(encoding="utf-8"))
    wanted = ("kind", "cell", "sensor", "onset_unix_time_second", "magnitude")
    return [{key: fault[key] for key in wanted} for fault in truth["faults"]]


def write_description(source: Path, target: Path, pack_id: str) -> None:
    """The pack's description under the example's own name, with a load to back up."""
    lines = source.read_text(encoding="utf-8").splitlines()
    lines = [f'id = "{pack_id}"' if line.startswith("id = ") else line for line in lines]
    note = "# Description of a synthetic pack: sixteen simulated LFP cells on float. See README.md."
    target.write_text("\n".join([note, *lines]) + "\n" + BACKUP, encoding="utf-8")


def main() -> None:
    """Write the example folder's log, description and list of planted faults."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", type=Path, default=SOURCE)
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    if not options.source.exists():
        sys.exit(f"{options.source} is not there: the development packs are needed to cut the example anew.")
    options.out.mkdir(parents=True, exist_ok=True)
    log = cut_log(pq.read_table(options.source / "log.parquet"))
    file = options.out / "log.parquet"
    time = "unix_time_millisecond"
    others = [name for name in log.column_names if name != time]
    pq.write_table(
        log,
        file,
        compression="zstd",
        compression_level=19,
        use_dictionary=others,
        column_encoding={time: "DELTA_BINARY_PACKED"},
    )
    write_description(options.source / "pack.toml", options.out / "pack.toml", options.out.name)
    planted = planted_faults(options.source / "truth.json")
    (options.out / "planted.json").write_text(json.dumps(planted, indent=1) + "\n", encoding="utf-8")
    print(f"{file}: {log.num_rows} rows, {file.stat().st_size / 1e6:.2f} MB, {len(planted)} planted faults")


if __name__ == "__main__":
    main()

"""Pack logs in and out. Imports core only."""

from cellwarden.logs.column_map import ColumnMap, read_map, shipped_maps
from cellwarden.logs.reader import PackLog, open_log
from cellwarden.logs.writer import LogUnits, write_pack_log

__all__ = ["ColumnMap", "LogUnits", "PackLog", "open_log", "read_map", "shipped_maps", "write_pack_log"]

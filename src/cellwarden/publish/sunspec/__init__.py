"""SunSpec: the battery models as registers, and a Modbus TCP server that keeps to their access rights."""

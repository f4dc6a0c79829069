"""The service: ports and clocks around the live cycle of every pack; asyncio at the edge, no numbers made here."""

"""Read interface, operator requests and the page; reads the store, never a device."""

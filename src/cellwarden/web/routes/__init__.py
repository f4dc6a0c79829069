"""Routes, one resource a file with `ROUTER`; found in this folder, each route with its role."""

"""HTTP: parsing, sign-in, limits, errors, health, logs."""

"""Rules: when something happens to records that meet conditions, something is done."""

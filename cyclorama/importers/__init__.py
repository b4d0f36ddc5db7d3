"""Importers: rows of other systems become records, repeatably and counted."""

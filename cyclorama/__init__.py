"""Cyclorama: a self-hosted Customer 360 whose page is one GraphQL request."""

__version__ = "0.1.0"

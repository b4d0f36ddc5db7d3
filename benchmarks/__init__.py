"""Cyclorama beside other ways to serve the same pages, on the same data in one run."""

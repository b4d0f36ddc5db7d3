"""All arithmetic of scorecards: plain values in, plain values out.

A score is a number from 0 to 100 or None (NA); it is rounded once, half up, where it is
shown or compared. Every instant and day is given.
"""

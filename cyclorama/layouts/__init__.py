"""Which sections a viewer gets on a record: pure decisions over plain values."""

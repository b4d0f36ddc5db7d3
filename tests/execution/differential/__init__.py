"""Random operations that two engines have to answer alike."""

"""The journal: raw events in frames, for the lowest cost of a call."""

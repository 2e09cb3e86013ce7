"""Nothing of a person leaves his machine: what a recording must not hold is replaced before it is written."""

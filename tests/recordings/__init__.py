"""Recordings of the replicas, made by the real recorder, for the contract's scenarios to run on."""

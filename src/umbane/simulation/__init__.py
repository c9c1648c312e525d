"""A small utility on one machine: households with virtual meters, a shop that sells to them, one clock for all.

Everything in this room is simulated, and its keys are of the test realm: no meter in the field has them.
"""

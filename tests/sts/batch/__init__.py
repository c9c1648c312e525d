"""The batch codec."""

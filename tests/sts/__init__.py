"""The token standard."""

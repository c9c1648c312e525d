"""How fast Umbane is, measured and never asserted."""

"""A module in a process of its own: what it keeps, who unseals it, how it is asked, and how others ask it."""

"""What is proven of the log."""

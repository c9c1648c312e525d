"""The raw ciphers."""

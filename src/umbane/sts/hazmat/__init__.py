"""Raw ciphers on raw keys. Nothing here knows what a token is, or whether a key may do what it is asked to do."""

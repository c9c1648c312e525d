"""The PrismToken interface, from both sides: Thrift over TLS, as many vending systems and modules speak it."""

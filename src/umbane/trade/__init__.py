"""The trade round the sale: what vendors earn, who counted which till, and which money went to the bank.

Every verb stands in the module of its subject, takes a list where several can come at once, and works inside a
transaction of the caller's.
"""

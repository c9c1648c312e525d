"""The tests of Umbane, room by room."""

"""Reads a recording and says what it means; never talks to anything."""

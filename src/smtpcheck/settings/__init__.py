"""From what the user wrote to what is checked.

Reading order: request (the raw values), build (each value, then their contradictions), login (the secret). Nothing is
loaded here: the command line's help needs the lists of words alone.
"""

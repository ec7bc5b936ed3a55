"""Talks and records, and never judges. Reading order: plan, check, session, stages (in dialogue order), run, tape."""

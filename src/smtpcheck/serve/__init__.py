"""The scripted SMTP server: it plays a dialogue on loopback, with real TLS, and records what its clients did.

It stands behind `smtpcheck demo`, behind the examples, and behind the tests. See `smtpcheck.dialogue` for the notation.
"""

from smtpcheck.serve.observation import Ended, Failure, Observation, Said
from smtpcheck.serve.scenario import Scenario, scenario, scenarios
from smtpcheck.serve.server import Running, Server, anchor, running, serve

__all__ = [
    "Ended",
    "Failure",
    "Observation",
    "Running",
    "Said",
    "Scenario",
    "Server",
    "anchor",
    "running",
    "scenario",
    "scenarios",
    "serve",
]

"""Everything in this directory talks to real servers: it is marked `real`, and a failure shows the servers' logs."""

from collections.abc import Generator
from pathlib import Path

import pytest

from .servers.aiosmtp import aiosmtpd
from .servers.certificates import authority
from .servers.dovecot import dovecot
from .servers.exim import exim
from .servers.postfix import postfix
from .servers.process import Server, tail

__all__ = ["aiosmtpd", "authority", "dovecot", "exim", "postfix"]

_HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks the tests of this directory (the hook sees those of the whole session)."""
    for item in items:
        if item.path.is_relative_to(_HERE):
            item.add_marker(pytest.mark.real)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Adds the end of each server's log to the report of a test that used it and failed."""
    report = yield
    if report.failed and isinstance(item, pytest.Function):
        for used in item.funcargs.values():
            if isinstance(used, Server):
                report.sections.extend((f"{log.name} of {used.name}", tail(log)) for log in used.logs)
    return report

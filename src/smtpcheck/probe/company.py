"""What the checks of one batch share, so that together they stay as well-mannered as one: how many connections an
address gets at once, and which logins were refused.

An address is the one that is connected to, whatever the names are. A login that was refused is not tried again for
another target with the same host and user, since each try counts towards the lock of the account; so as long as a
secret has not been accepted, one target tries it and the others wait.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping

from smtpcheck.model import Options, Secret, Step, Target
from smtpcheck.model.words import Outcome
from smtpcheck.net.tls_policy import TlsPolicy

Account = tuple[str, str]


class Company:
    """The state of one batch, within one event loop. `machine` is what is known of this machine, looked up once."""

    def __init__(self, per_address: int) -> None:
        self._per_address = per_address
        self._connected: Counter[str] = Counter()
        self._left = asyncio.Condition()
        self._refused: dict[Account, str] = {}
        self._accepted: dict[Account, list[Secret | None]] = {}
        self._trying: dict[Account, asyncio.Event] = {}
        self._policies: set[TlsPolicy] = set()
        self.machine: Mapping[str, str] | None = None

    def has_room(self, address: str) -> bool:
        """Whether another connection to this address may be opened now."""
        return self._connected[address] < self._per_address

    async def enter(self, address: str) -> None:
        """Waits for room at this address, and takes it."""
        async with self._left:
            await self._left.wait_for(lambda: self.has_room(address))
            self._connected[address] += 1

    async def leave(self, address: str) -> None:
        """Gives the room back."""
        async with self._left:
            self._connected[address] -= 1
            if not self._connected[address]:
                del self._connected[address]
            self._left.notify_all()

    def has_seen(self, policy: TlsPolicy) -> bool:
        """Whether a check before this one has made TLS ready for this policy, or is about to."""
        seen = policy in self._policies
        self._policies.add(policy)
        return seen

    async def turn(self, target: Target, options: Options) -> str | None:
        """Waits until this login may be tried; the target that was refused with it, or None to go ahead.

        Whoever goes ahead calls `tried` afterwards, whatever happened.
        """
        account = _account(target)
        while account not in self._refused:
            if options.secret in self._accepted.get(account, ()):
                return None
            if account not in self._trying:
                self._trying[account] = asyncio.Event()
                return None
            await self._trying[account].wait()
        return self._refused[account]

    def tried(self, target: Target, options: Options, step: Step | None) -> None:
        """What became of the login: `step` is None where it was cut off."""
        account = _account(target)
        if step is not None and step.passed:
            accepted = self._accepted.setdefault(account, [])
            if options.secret not in accepted:
                accepted.append(options.secret)
        elif step is not None and step.outcome is Outcome.REFUSED and step.reply and not step.reply.temporary:
            self._refused[account] = target.label
        waiting = self._trying.pop(account, None)
        if waiting is not None:
            waiting.set()


def _account(target: Target) -> Account:
    return (target.path or target.host.lower(), target.user or "")

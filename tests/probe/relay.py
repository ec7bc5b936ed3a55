"""A relay that counts round trips where they can be seen by anybody: between the two ends of a connection.

A flight is what one side sends between two things that the other side sends. The connection itself (SYN) is the
client's first. To see whole flights, the relay waits `GAP` for more before it passes bytes on, so that a flight that
comes in several packets counts once, and one that was split by a wait for the server counts as what it is.
"""

import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

GAP = 0.03


@dataclass
class Flights:
    """`sent` holds one entry for each flight after the SYN: who sent it ("client" or "server") and how many bytes."""

    sent: list[tuple[str, int]] = field(default_factory=list)

    @property
    def of_client(self) -> int:
        """Round trips that the client began: its flights, the SYN counted as one."""
        return 1 + sum(who == "client" for who, _ in self.sent)

    def add(self, who: str, size: int) -> None:
        """Bytes of the same side that follow each other are one flight."""
        if self.sent and self.sent[-1][0] == who:
            size += self.sent.pop()[1]
        self.sent.append((who, size))


@contextmanager
def relay(to: tuple[str, int]) -> Iterator[tuple[int, Flights]]:
    """Passes one connection on to `to`; gives the port to connect to, and what was seen (whole after the context)."""
    flights = Flights()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_pass_on, args=(listener, to, flights), daemon=True)
        thread.start()
        yield listener.getsockname()[1], flights
        thread.join(10)
        assert not thread.is_alive()


def _pass_on(listener: socket.socket, to: tuple[str, int], flights: Flights) -> None:
    client, _ = listener.accept()
    with client, socket.create_connection(to) as server:
        sides = {client: ("client", server), server: ("server", client)}
        while sides:
            for source in select.select(list(sides), [], [], 10)[0]:
                who, sink = sides[source]
                data = _whole(source)
                if data:
                    flights.add(who, len(data))
                else:
                    del sides[source]
                with suppress(OSError):  # the other side has left already
                    sink.sendall(data) if data else sink.shutdown(socket.SHUT_WR)


def _whole(source: socket.socket) -> bytes:
    """What comes until nothing more comes for GAP seconds."""
    data = b""
    while (not data or select.select([source], [], [], GAP)[0]) and (more := source.recv(65536)):
        data += more
    return data

"""The load of the gates: both ends of every connection in one thread, so that each run does exactly the same."""

import select
import socket

MESSAGE = bytes(range(64))
# Seconds beyond any step of the gates: a proxy that stands still fails them, and does not hang them.
PATIENCE = 60


class Load:
    """Clients and their backend. `backend` is where the proxy connects to; `address` is the proxy's, set by Proxy."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.listener.settimeout(PATIENCE)
        self.backend = "127.0.0.1:%d" % self.listener.getsockname()[1]
        self.address = None
        self.pairs = []

    def knock(self):
        """One connection without a word; returns whether it came through to the backend."""
        with socket.create_connection(self.address, timeout=PATIENCE):
            return self._backend_has_one(within=0.05)

    def forget(self):
        """Takes away what knocks have left in the backend's queue."""
        while self._backend_has_one(within=0):
            self.listener.accept()[0].close()

    def open(self, count):
        """Opens connections through the proxy and keeps them."""
        for _ in range(count):
            self.pairs.append(self._connect())

    def rounds(self, count, connections):
        """A message there and one back on each of so many connections, `count` times.

        Returns the number of messages that the proxy has relayed: received once and sent once.
        """
        for _ in range(count):
            exchange(self.pairs[:connections])
        return 2 * count * connections

    def short(self, count):
        """Connections with one message there and one back, which the client then closes."""
        for _ in range(count):
            client, upstream = self._connect()
            exchange([(client, upstream)])
            client.close()
            receive(upstream, b"")
            upstream.close()

    def _connect(self):
        client = socket.create_connection(self.address, timeout=PATIENCE)
        upstream, _ = self.listener.accept()
        upstream.settimeout(PATIENCE)
        return client, upstream

    def _backend_has_one(self, within):
        return bool(select.select([self.listener], [], [], within)[0])


def exchange(pairs):
    """Each step ends before the next begins, and while one writes the proxy does not run (proxy.py): it finds all
    messages of a step at once."""
    for client, _ in pairs:
        client.sendall(MESSAGE)
    for _, upstream in pairs:
        receive(upstream, MESSAGE)
    for _, upstream in pairs:
        upstream.sendall(MESSAGE)
    for client, _ in pairs:
        receive(client, MESSAGE)


def receive(connection, expected):
    """Reads these bytes; none are the end of the stream."""
    data = b""
    while True:
        part = connection.recv(len(expected) - len(data) or 1)
        data += part
        if data == expected:
            return
        if not part or not expected.startswith(data):
            raise AssertionError("%r came through instead of %r" % (data, expected))

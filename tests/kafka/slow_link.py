"""A TCP forwarder with a bound on the bytes a second towards the broker: a Kafka that is far away,
or a disk that is slow. As a program: slow_link.py LISTEN_PORT TARGET_PORT BYTES_PER_SECOND.

SIGUSR1 freezes the connections that have brought records, and thaws them the next time: fetches are
then silent while the group goes on as if nothing were the matter."""

import asyncio
import signal
import subprocess
import sys
from pathlib import Path

CHUNK = 4096
# What hides in socket buffers is latency that nobody can take back.
BUFFER = 16 * 1024
RECORD_BYTES = 500_000  # a connection that sent more does not only keep a group together


class SlowLink:
    """The forwarder as a process of its own: a test's own thread would be part of the delay."""

    def __init__(self, listen, target, bytes_per_second):
        self.process = subprocess.Popen(
            [sys.executable, Path(__file__), str(listen), str(target), str(bytes_per_second)],
            stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "ready\n"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


class Pacer:
    """One budget for all connections: the link is shared."""

    def __init__(self, rate):
        self.rate = rate
        self.free_at = 0.0

    async def spend(self, size):
        loop = asyncio.get_running_loop()
        self.free_at = max(self.free_at, loop.time()) + size / self.rate
        wait = self.free_at - loop.time()
        if wait > 0:
            await asyncio.sleep(wait)


async def pump(reader, writer, pacer, thawed):
    sent = 0
    try:
        while data := await reader.read(CHUNK):
            if pacer:
                await pacer.spend(len(data))
            elif sent > RECORD_BYTES:
                await thawed.wait()
            sent += len(data)
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


async def serve(listen, target, rate):
    pacer, thawed = Pacer(rate), asyncio.Event()
    thawed.set()

    def turn():
        thawed.clear() if thawed.is_set() else thawed.set()
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, turn)

    async def on_connection(reader, writer):
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", target)
        await asyncio.gather(pump(reader, there_writer, pacer, thawed),
                             pump(there_reader, writer, None, thawed))

    import socket
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
    listener.bind(("127.0.0.1", listen))
    server = await asyncio.start_server(on_connection, sock=listener, limit=BUFFER)
    print("ready", flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))

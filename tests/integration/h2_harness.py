"""An HTTP/2 client whose every window and frame is the test's to decide (python3-h2)."""

import socket
import time

import h2.config
import h2.connection
import h2.events
import h2.exceptions
import h2.settings

from proxy_harness import PATIENCE, Origin


class Stream:
    """What has come on one stream."""

    def __init__(self):
        self.status = None
        self.fields = {}
        self.body = b""
        self.trailers = {}
        self.ended = False
        self.reset = None  # error code
        self.unacknowledged = 0

    @property
    def over(self):
        return self.ended or self.reset is not None


class H2Client:
    """One connection. With `acknowledge` off, windows stay shut until acknowledge() is called."""

    def __init__(self, port, acknowledge=True, checked=True, **settings):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        config = h2.config.H2Configuration(
            header_encoding="utf-8", validate_outbound_headers=checked,
            normalize_outbound_headers=checked)
        self.h2 = h2.connection.H2Connection(config)
        self.h2.local_settings = h2.settings.Settings(client=True, initial_values={
            getattr(h2.settings.SettingCodes, name.upper()): value
            for name, value in {"enable_push": 0, **settings}.items()})
        self.h2.initiate_connection()
        self.acknowledges = acknowledge
        self.streams = {}
        self.goaways = []
        self.ended = False
        self.flush()

    def flush(self):
        data = self.h2.data_to_send()
        if data:
            self.socket.sendall(data)

    def request(self, method="GET", path="/", fields=(), body=None, end=None):
        """The stream's number. `end` says whether the request ends here; it does by default."""
        number = self.h2.get_next_available_stream_id()
        self.streams[number] = Stream()
        head = [(":method", method), (":scheme", "http"), (":path", path), (":authority", "shop")]
        end = True if end is None else end
        self.h2.send_headers(number, head + list(fields), end_stream=end and body is None)
        if body is not None:
            self.h2.send_data(number, body, end_stream=end)
        self.flush()
        return number

    def data(self, number, payload, end=False):
        self.h2.send_data(number, payload, end_stream=end)
        self.flush()

    def trailers(self, number, fields):
        self.h2.send_headers(number, fields, end_stream=True)
        self.flush()

    def reset(self, number, code=8):
        self.h2.reset_stream(number, code)
        self.flush()

    def acknowledge(self, number):
        stream = self.streams[number]
        if stream.unacknowledged and not stream.over:
            self.h2.acknowledge_received_data(stream.unacknowledged, number)
        stream.unacknowledged = 0
        self.flush()

    def pump(self, timeout=PATIENCE):
        """Reads once. False at the connection's end or when nothing came in time."""
        self.socket.settimeout(timeout)
        try:
            data = self.socket.recv(65536)
        except socket.timeout:
            return False
        except ConnectionResetError:
            data = b""
        if not data:
            self.ended = True
            return False
        for event in self.h2.receive_data(data):
            self.take(event)
        try:
            self.flush()
        except OSError:
            self.ended = True
        return True

    def take(self, event):
        stream = self.streams.get(getattr(event, "stream_id", None))
        if isinstance(event, h2.events.ConnectionTerminated):
            self.goaways.append((event.last_stream_id, int(event.error_code)))
            # The library takes any GOAWAY for the end; open streams go on (RFC 9113 6.8).
            self.h2.state_machine.state = h2.connection.ConnectionState.CLIENT_OPEN
        elif stream is None:
            return
        elif isinstance(event, h2.events.ResponseReceived):
            stream.fields = dict(event.headers)
            stream.status = int(stream.fields[":status"])
        elif isinstance(event, h2.events.DataReceived):
            stream.body += event.data
            stream.unacknowledged += event.flow_controlled_length
            if self.acknowledges:
                self.acknowledge(event.stream_id)
        elif isinstance(event, h2.events.TrailersReceived):
            stream.trailers = dict(event.headers)
        elif isinstance(event, h2.events.StreamEnded):
            stream.ended = True
        elif isinstance(event, h2.events.StreamReset):
            stream.reset = int(event.error_code)

    def until(self, condition, seconds=PATIENCE):
        """Reads until the condition holds; whether it does."""
        end = time.monotonic() + seconds
        while not condition():
            left = end - time.monotonic()
            if left <= 0 or self.ended or not self.pump(left):
                return bool(condition())
        return True

    def answer(self, number):
        """The whole stream."""
        stream = self.streams[number]
        assert self.until(lambda: stream.over), (stream.__dict__, self.goaways)
        return stream

    def get(self, path="/", fields=()):
        return self.answer(self.request("GET", path, fields))

    def close(self):
        self.socket.close()


class H2Origin(Origin):
    """An HTTP/2 server: `serve(connection, stream, head, body)` answers when a request is whole;
    `connection` is the H2Connection, whose output is sent afterwards."""

    SCHEME = "h2c"

    def __init__(self, serve):
        self.requests = []
        super().__init__(serve)

    def _run(self, connection, _number):
        session = h2.connection.H2Connection(
            h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
        session.initiate_connection()
        bodies = {}
        try:
            while True:
                connection.sendall(session.data_to_send())
                data = connection.recv(65536)
                if not data:
                    return
                for event in session.receive_data(data):
                    self._take(session, event, bodies)
        except (OSError, h2.exceptions.ProtocolError):
            pass

    def _take(self, session, event, bodies):
        stream = getattr(event, "stream_id", None)
        if isinstance(event, h2.events.RequestReceived):
            bodies[stream] = [dict(event.headers), b"", {}]
        elif isinstance(event, h2.events.DataReceived):
            bodies[stream][1] += event.data
            session.acknowledge_received_data(event.flow_controlled_length, stream)
        elif isinstance(event, h2.events.TrailersReceived):
            bodies[stream][2] = dict(event.headers)
        elif isinstance(event, h2.events.StreamReset):
            bodies.pop(stream, None)
        elif isinstance(event, h2.events.StreamEnded):
            head, body, trailers = bodies.pop(stream)
            self.requests.append((head, body, trailers))
            self.serve(session, stream, head, body)


def answer(session, stream, body=b"", status="200", fields=(), trailers=()):
    """A whole answer, as far as the windows let it through at once."""
    session.send_headers(stream, [(":status", status), *fields])
    for at in range(0, len(body), 16384):
        session.send_data(stream, body[at:at + 16384])
    if trailers:
        session.send_headers(stream, trailers, end_stream=True)
    else:
        session.end_stream(stream)

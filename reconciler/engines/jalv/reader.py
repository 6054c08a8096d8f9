"""One thread reads what all jalv processes print, so that none of them ever waits for us.

A plugin may print from its audio thread; were nobody reading, a full terminal would stop the sound.
"""

import os
import select
import threading

_KEPT_BYTES = 1 << 20
_CHUNK = 1 << 16


class Stream:
    """What came from one descriptor. Read it holding :attr:`Reader.changed`."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.ended = False

    def feed(self, data: bytes) -> None:
        """Take what came; of a flood that nobody asked for only the end is kept."""
        self.data += data
        if len(self.data) > _KEPT_BYTES:
            del self.data[: -_KEPT_BYTES // 2]


class Reader:
    """Reads many descriptors into their streams, on a thread of its own.

    Attributes
    ----------
    changed
        Notified after every reading; guards the streams.
    """

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self._streams: dict[int, Stream] = {}
        self._poll = select.epoll()
        self._wake_read, self._wake_write = os.pipe()
        self._poll.register(self._wake_read, select.EPOLLIN)
        self._thread = threading.Thread(target=self._run, name="jalv-reader", daemon=True)
        self._thread.start()

    def add(self, descriptor: int, stream: Stream) -> None:
        """Read this descriptor from now on; it belongs to the reader until :meth:`close_descriptor`."""
        os.set_blocking(descriptor, False)
        with self.changed:
            self._streams[descriptor] = stream
            self._poll.register(descriptor, select.EPOLLIN)

    def close_descriptor(self, descriptor: int) -> None:
        """Close it. Under the lock, so that its number is not read for another one that got it meanwhile."""
        with self.changed:
            self._forget(descriptor)
            os.close(descriptor)

    def close(self) -> None:
        """End the thread; descriptors must have been closed before."""
        os.write(self._wake_write, b".")
        self._thread.join()
        self._poll.close()
        os.close(self._wake_read)
        os.close(self._wake_write)

    def _run(self) -> None:
        while True:
            ready = self._poll.poll()
            with self.changed:
                for descriptor, _ in ready:
                    if descriptor == self._wake_read:
                        return
                    self._read(descriptor)
                self.changed.notify_all()

    def _read(self, descriptor: int) -> None:
        stream = self._streams.get(descriptor)
        if stream is None:
            return
        try:
            data = os.read(descriptor, _CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""  # EIO: how a terminal says that nobody has its other side open any more
        if data:
            stream.feed(data)
        else:
            stream.ended = True
            self._forget(descriptor)

    def _forget(self, descriptor: int) -> None:
        if self._streams.pop(descriptor, None) is not None:
            self._poll.unregister(descriptor)

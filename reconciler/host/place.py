"""The runtime folder of a session's host: who may look in (0700), where its socket, log and flight record are."""

import fcntl
import os
import stat
from pathlib import Path

from reconciler.model import places
from reconciler.model.errors import Unavailable


class Place:
    """The files of one session's host process."""

    def __init__(self, session: str) -> None:
        self.session = session
        self.folder = places.runtime() / session
        self.socket = self.folder / "socket"
        self.log = self.folder / "host.log"
        self.flight = self.folder / "flight"
        self.crash = self.folder / "crash"
        self.exit = self.folder / "exit"
        self.mark = self.folder / "mark"
        self.lock = self.folder / "host.lock"

    def make(self) -> None:
        """Make the folder for this user alone.

        Raises
        ------
        Unavailable
            ``runtime-folder``: it cannot be made, belongs to somebody else, or its path is too long for a socket.
        """
        try:
            for folder in (places.runtime(), self.folder):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                found = folder.lstat()
                if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
                    raise _unusable(folder, "it belongs to somebody else")
                folder.chmod(0o700)
        except OSError as error:
            raise _unusable(self.folder, error.strerror or str(error)) from error
        if len(os.fsencode(self.socket)) > places.SOCKET_PATH_BYTES:
            raise _unusable(self.socket, "the path is too long for a socket")

    def taken(self) -> bool:
        """Whether a host has the session, or plugins of one that died are still being ended."""
        try:
            lock = os.open(self.lock, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return False  # there never was a host
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(lock)
        return False


def servers() -> Path:
    """Return the folder with the records of JACK servers that studio started."""
    return places.runtime() / "servers"


def sessions() -> list[str]:
    """Return the sessions that have a runtime folder, sorted."""
    try:
        return sorted(path.parent.name for path in places.runtime().glob("*/socket"))
    except OSError:
        return []


def _unusable(path: Path, why: str) -> Unavailable:
    hint = "set XDG_RUNTIME_DIR to a folder of your own"
    return Unavailable("runtime-folder", f"the runtime folder {path} cannot be used: {why}", hint=hint)

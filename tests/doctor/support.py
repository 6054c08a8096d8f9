"""A folder that stands for a machine: what is written into it is all that is there."""

from pathlib import Path

from reconciler.doctor.packages import Machine

FEDORA = 'ID=fedora\nNAME="Fedora Linux"\n'
ARCH = "ID=cachyos\nID_LIKE=arch\n"
SUSE = 'ID="opensuse-tumbleweed"\nID_LIKE="opensuse suse"\n'
DEBIAN = "ID=debian\n"
UBUNTU = "ID=ubuntu\nID_LIKE=debian\n"
MINT = 'ID=linuxmint\nID_LIKE="ubuntu debian"\n'
UNKNOWN = "ID=plan9\n"

EVERYTHING = (
    "/usr/bin/jackd",
    "/usr/bin/jalv",
    *(f"/usr/bin/jack_{name}" for name in ("lsp", "connect", "disconnect")),
    "/usr/bin/lv2info",
    "/usr/bin/lv2ls",
    "/usr/bin/aj-snapshot",
    "/usr/bin/dot",
    "/usr/lib/x86_64-linux-gnu/libjack.so.0",
    "/usr/lib/x86_64-linux-gnu/liblilv-0.so.0",
    *(
        f"/usr/lib/lv2/{name}.lv2/manifest.ttl"
        for name in ("lsp-plugins", "balance", "dpl", "fil4", "mda", "amp-swh", "plate-swh")
    ),
)


def machine(root: Path, release: str = DEBIAN, files: tuple[str, ...] = EVERYTHING, **env: str) -> Machine:
    """Make a machine with these files (programs are made executable) and this os-release."""
    for name in files:
        file = root / name.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o755 if "/bin/" in name else 0o644)
    (root / "etc").mkdir(parents=True, exist_ok=True)
    (root / "etc/os-release").write_text(release, encoding="utf-8")
    return Machine(root, {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/home/ann", **env})


def without(*parts: str) -> tuple[str, ...]:
    """Return EVERYTHING less what has one of these in its path."""
    return tuple(name for name in EVERYTHING if not any(part in name for part in parts))

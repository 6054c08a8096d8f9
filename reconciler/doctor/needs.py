"""The one table of programs, libraries and plugins that studio needs, and what each distribution calls them.

Standard library only: ``make`` reads it through :mod:`reconciler.doctor.packages` before any virtual environment
exists.
Package names: Debian and Ubuntu tried; Fedora, Arch and openSUSE taken from their package sources,
those that only tests of Carla use from memory.
"""

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


class Manager(enum.StrEnum):
    """A distribution's package manager."""

    APT = "apt"
    DNF = "dnf"
    PACMAN = "pacman"
    ZYPPER = "zypper"


class Purpose(enum.StrEnum):
    """What cannot be done without it."""

    RUN = "run"
    """Using studio at all."""
    SESSIONS = "sessions"
    """The example sessions and the demo."""
    TEST = "test"
    """The whole test suite, where there is no Carla."""
    CARLA = "carla"
    """What the tests of Carla use besides; asked for only where Carla is."""


@dataclass(frozen=True)
class Need:
    """Something that must be on the machine; all of its parts make it present."""

    name: str
    why: str
    purpose: Purpose
    packages: Mapping[Manager, Sequence[str]]
    """Empty where the distribution itself does not have it."""
    programs: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ()
    bundles: tuple[str, ...] = ()
    """Names of LV2 bundle folders."""
    files: tuple[str, ...] = ()
    """Other files: absolute, or below any folder for libraries."""
    home: str = ""
    """Where to get it on a distribution that has no package."""
    comes_with: str = ""
    """Another need, whose packages bring this one too in some releases; looked for again once they are there."""


NEEDS = (
    Need(
        name="JACK",
        why="the audio server that carries all signals",
        purpose=Purpose.RUN,
        programs=("jackd",),
        libraries=("libjack.so.0",),
        packages={
            Manager.APT: ["jackd2", "libjack-jackd2-0"],
            Manager.DNF: ["jack-audio-connection-kit"],
            Manager.PACMAN: ["jack2"],
            Manager.ZYPPER: ["jack", "libjack0"],
        },
        home="https://jackaudio.org",
    ),
    Need(
        name="jalv",
        why="runs LV2 plugins, each in a process of its own",
        purpose=Purpose.RUN,
        programs=("jalv",),
        packages={Manager.APT: ["jalv"], Manager.DNF: ["jalv"], Manager.PACMAN: ["jalv"], Manager.ZYPPER: []},
        home="https://drobilla.net/software/jalv.html",
    ),
    Need(
        name="lilv",
        why="reads what LV2 plugins say about themselves",
        purpose=Purpose.RUN,
        libraries=("liblilv-0.so.0",),
        packages={
            Manager.APT: ["liblilv-0-0"],
            Manager.DNF: ["lilv-libs"],
            Manager.PACMAN: ["lilv"],
            Manager.ZYPPER: ["liblilv-0-0"],
        },
        home="https://drobilla.net/software/lilv.html",
    ),
    Need(
        name="LSP plugins",
        why="gate and compressor of the example sessions",
        purpose=Purpose.SESSIONS,
        bundles=("lsp-plugins.lv2",),
        packages={
            Manager.APT: ["lsp-plugins-lv2"],
            Manager.DNF: ["lsp-plugins-lv2"],
            Manager.PACMAN: ["lsp-plugins-lv2"],
            Manager.ZYPPER: ["lv2-lsp-plugins"],
        },
        home="https://lsp-plug.in",
    ),
    Need(
        name="x42 plugins",
        why="equalizer, fader and limiter of the example sessions",
        purpose=Purpose.SESSIONS,
        bundles=("balance.lv2", "dpl.lv2", "fil4.lv2"),
        packages={
            Manager.APT: ["x42-plugins"],
            Manager.DNF: ["lv2-x42-plugins"],
            Manager.PACMAN: ["x42-plugins"],
            Manager.ZYPPER: [],
        },
        home="https://x42-plugins.com",
    ),
    Need(
        name="MDA plugins",
        why="room, echo, amplifier and electric piano of the example sessions",
        purpose=Purpose.SESSIONS,
        bundles=("mda.lv2",),
        packages={
            Manager.APT: ["mda-lv2"],
            Manager.DNF: ["lv2-mdala-plugins"],
            Manager.PACMAN: ["mda.lv2"],
            Manager.ZYPPER: ["mda-lv2"],
        },
        home="https://drobilla.net/software/mda-lv2.html",
    ),
    Need(
        name="SWH plugins",
        why="sends and plate reverb of the live rig",
        purpose=Purpose.SESSIONS,
        bundles=("amp-swh.lv2", "plate-swh.lv2"),
        packages={
            Manager.APT: ["swh-lv2"],
            Manager.DNF: ["lv2-swh-plugins"],
            Manager.PACMAN: [],
            Manager.ZYPPER: ["lv2-swh-plugins"],
        },
        home="https://github.com/swh/lv2",
    ),
    Need(
        name="JACK tools",
        why="a second opinion on the JACK graph",
        purpose=Purpose.TEST,
        programs=("jack_lsp", "jack_connect", "jack_disconnect"),
        # Part of jackd2 up to Debian 12 and Ubuntu 22.04, where the package does not exist.
        comes_with="JACK",
        packages={
            Manager.APT: ["jack-example-tools"],
            Manager.DNF: ["jack-example-tools"],
            Manager.PACMAN: ["jack-example-tools"],
            Manager.ZYPPER: ["jack-example-tools"],
        },
        home="https://github.com/jackaudio/jack-example-tools",
    ),
    Need(
        name="lv2info",
        why="a second opinion on the plugin catalogue",
        purpose=Purpose.TEST,
        programs=("lv2info", "lv2ls"),
        packages={
            Manager.APT: ["lilv-utils"],
            Manager.DNF: ["lilv"],
            Manager.PACMAN: ["lilv"],
            Manager.ZYPPER: ["lilv"],
        },
        home="https://drobilla.net/software/lilv.html",
    ),
    Need(
        name="aj-snapshot",
        why="the peer that 500 links are timed against",
        purpose=Purpose.TEST,
        programs=("aj-snapshot",),
        packages={
            Manager.APT: ["aj-snapshot"],
            Manager.DNF: ["aj-snapshot"],
            Manager.PACMAN: ["aj-snapshot"],
            Manager.ZYPPER: [],
        },
        home="https://aj-snapshot.sourceforge.io",
    ),
    Need(
        name="Graphviz",
        why="lays out the pictures of `studio graph -f svg`",
        purpose=Purpose.TEST,
        programs=("dot",),
        packages={
            Manager.APT: ["graphviz"],
            Manager.DNF: ["graphviz"],
            Manager.PACMAN: ["graphviz"],
            Manager.ZYPPER: ["graphviz"],
        },
        home="https://graphviz.org",
    ),
    Need(
        name="LADSPA plugins of SWH",
        why="a LADSPA plugin for Carla to load",
        purpose=Purpose.CARLA,
        files=("ladspa/amp_1181.so", "ladspa/sc3_1427.so"),
        packages={
            Manager.APT: ["swh-plugins"],
            Manager.DNF: ["ladspa-swh-plugins"],
            Manager.PACMAN: ["swh-plugins"],
            Manager.ZYPPER: [],
        },
        home="https://github.com/swh/ladspa",
    ),
    Need(
        name="CMT",
        why="a LADSPA library with many plugins in one file",
        purpose=Purpose.CARLA,
        files=("ladspa/cmt.so",),
        packages={
            Manager.APT: ["cmt"],
            Manager.DNF: ["ladspa-cmt-plugins"],
            Manager.PACMAN: ["cmt"],
            Manager.ZYPPER: [],
        },
        home="https://www.ladspa.org/cmt",
    ),
    Need(
        name="hexter",
        why="a DSSI plugin for Carla to load",
        purpose=Purpose.CARLA,
        files=("dssi/hexter.so",),
        packages={
            Manager.APT: ["hexter"],
            Manager.DNF: ["hexter-dssi"],
            Manager.PACMAN: [],
            Manager.ZYPPER: [],
        },
        home="https://github.com/smbolton/hexter",
    ),
    Need(
        name="DPF plugins",
        why="VST2 plugins for Carla to load",
        purpose=Purpose.CARLA,
        files=("vst/3BandEQ-vst.so",),
        packages={
            Manager.APT: ["dpf-plugins-vst"],
            Manager.DNF: [],
            Manager.PACMAN: ["dpf-plugins-vst"],
            Manager.ZYPPER: [],
        },
        home="https://github.com/DISTRHO/DPF-Plugins",
    ),
    Need(
        name="TimGM6mb",
        why="a small soundfont for Carla to play",
        purpose=Purpose.CARLA,
        files=("/usr/share/sounds/sf2/TimGM6mb.sf2",),
        packages={
            Manager.APT: ["timgm6mb-soundfont"],
            Manager.DNF: [],
            Manager.PACMAN: [],
            Manager.ZYPPER: [],
        },
        home="https://tracker.debian.org/pkg/timgm6mb-soundfont",
    ),
    Need(
        name="C compiler",
        why="makes plugins that crash, hang and lie",
        purpose=Purpose.CARLA,
        programs=("gcc",),
        files=("/usr/include/stdio.h",),
        packages={
            Manager.APT: ["gcc", "libc6-dev"],
            Manager.DNF: ["gcc"],
            Manager.PACMAN: ["gcc"],
            Manager.ZYPPER: ["gcc"],
        },
        home="https://gcc.gnu.org",
    ),
    Need(
        name="Xvfb and xdotool",
        why="a screen for the plugins' windows, and somebody who looks at it",
        purpose=Purpose.CARLA,
        programs=("Xvfb", "xdotool"),
        packages={
            Manager.APT: ["xvfb", "xdotool"],
            Manager.DNF: ["xorg-x11-server-Xvfb", "xdotool"],
            Manager.PACMAN: ["xorg-server-xvfb", "xdotool"],
            Manager.ZYPPER: ["xorg-x11-server-Xvfb", "xdotool"],
        },
        home="https://www.x.org",
    ),
)

CARLA = Need(
    name="Carla",
    why="runs plugins of every format",
    purpose=Purpose.CARLA,
    packages={
        Manager.APT: [],
        Manager.DNF: ["Carla"],
        Manager.PACMAN: ["carla"],
        Manager.ZYPPER: ["carla"],
    },
    home="https://kx.studio/Applications:Carla",
)
"""Nothing needs it; it is looked for by its own rules (``CARLA_PREFIX``), and not installed by ``make``."""

FAMILIES = {
    "debian": Manager.APT,
    "ubuntu": Manager.APT,
    "fedora": Manager.DNF,
    "rhel": Manager.DNF,
    "centos": Manager.DNF,
    "arch": Manager.PACMAN,
    "opensuse": Manager.ZYPPER,
    "suse": Manager.ZYPPER,
}
"""``ID`` or a word of ``ID_LIKE`` in os-release, to its package manager."""

INSTALL = {
    Manager.APT: "apt-get install",
    Manager.DNF: "dnf install",
    Manager.PACMAN: "pacman -S --needed",
    Manager.ZYPPER: "zypper install",
}

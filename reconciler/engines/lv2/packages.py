"""Which Debian package brings a plugin: for the hint when it is not installed.

Every entry was verified on Debian 12 against the URIs in the package's own bundles. Ubuntu names them alike.
"""

from collections.abc import Iterator

_X42 = [
    "balance",
    "controlfilter",
    "convoLV2",
    "darc",
    "dpl",
    "fat1",
    "fil4",
    "matrixmixer",
    "meters",
    "mididebug",
    "midifilter",
    "midigen",
    "midimap",
    "mixtri",
    "nodelay",
    "onsettrigger",
    "phaserotate",
    "sisco",
    "spectra",
    "stepseq",
    "stereoroute",
    "testsignal",
    "tuna",
    "xfade",
    "zeroconvolv",
]

_PACKAGES: dict[str, str] = {
    "http://breakfastquay.com/rdf/lv2-rubberband#": "rubberband-lv2",
    "http://calf.sourceforge.net/plugins/": "calf-plugins",
    "http://distrho.sf.net/plugins/": "dpf-plugins-lv2",
    "http://drobilla.net/plugins/blop/": "blop-lv2",
    "http://drobilla.net/plugins/fomp/": "fomp",
    "http://drobilla.net/plugins/mda/": "mda-lv2",
    "http://drumgizmo.org/lv2": "drumgizmo",
    "http://drumkv1.sourceforge.net/lv2": "drumkv1-lv2",
    "http://eq10q.sourceforge.net/": "eq10q",
    "http://gareus.org/oss/lv2/avldrums": "avldrums.lv2",
    "http://gareus.org/oss/lv2/b_synth": "setbfree",
    "http://gareus.org/oss/lv2/b_whirl": "setbfree",
    **{f"http://gareus.org/oss/lv2/{name}": "x42-plugins" for name in _X42},
    "http://guitarix.sourceforge.net/plugins/": "guitarix-lv2",
    "http://hippie.lt/lv2/gate": "abgate",
    "http://home.gna.org/lv2vocoder/": "lv2vocoder",
    "http://hyperglitch.com/dev/VocProc": "vocproc",
    "http://invadarecords.com/plugins/lv2/": "invada-studio-plugins-lv2",
    "http://lsp-plug.in/plugins/lv2/": "lsp-plugins-lv2",
    "http://lv2plug.in/plugins/eg-": "lv2-examples",
    "http://padthv1.sourceforge.net/lv2": "padthv1-lv2",
    "http://plugin.org.uk/swh-plugins/": "swh-lv2",
    "http://samplv1.sourceforge.net/lv2": "samplv1-lv2",
    "http://synthv1.sourceforge.net/lv2": "synthv1-lv2",
    "http://tomszilagyi.github.io/plugins/lv2/ir": "ir.lv2",
    "http://www.niallmoody.com/ndcplugs/": "dpf-plugins-lv2",
    "http://zynaddsubfx.sourceforge.net": "zynaddsubfx-lv2",
    "https://github.com/michaelwillis/dragonfly-reverb": "dragonfly-reverb-lv2",
    "urn:50m30n3:plugins:SO-": "so-synth-lv2",
    "urn:dragonfly:": "dragonfly-reverb-lv2",
    "urn:zamaudio:": "zam-plugins",
}
"""Package by the beginning of the plugin's URI."""


def package_for(uri: str) -> str | None:
    """Return the Debian package that has the plugin with that URI (``lv2:`` before it or not), or None if unknown."""
    bare = uri.removeprefix("lv2:")
    return next((_PACKAGES[prefix] for prefix in _prefixes(bare) if prefix in _PACKAGES), None)


def _prefixes(text: str) -> Iterator[str]:
    """Give every beginning of the text, the longest first, so that the most special entry wins."""
    return (text[:length] for length in range(len(text), 0, -1))

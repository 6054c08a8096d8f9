"""Plugin files for tests: real ones of this machine, and small ones made of C where there is a compiler."""

import shutil
import subprocess
from pathlib import Path

import pytest

from reconciler.engines.carla import library
from reconciler.engines.carla.catalogue import CarlaCatalogue
from reconciler.engines.carla.formats import FILES, TRAITS, Format, locate
from reconciler.engines.lv2.catalogue import Lv2Catalogue

NO_CARLA = "Carla is not installed: its catalogue is not tested"

LADSPA = r"""
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
/* The binary interface of LADSPA 1.1, as far as a plugin without surprises needs it. */
typedef struct { int hints; float low, high; } Range;
typedef struct Descriptor {
    unsigned long id; const char *label; int properties; const char *name, *maker, *copyright;
    unsigned long count; const int *kinds; const char *const *names; const Range *ranges; void *data;
    void *(*make)(const struct Descriptor *, unsigned long);
    void (*connect)(void *, unsigned long, float *);
    void (*start)(void *); void (*run)(void *, unsigned long);
    void (*run_adding)(void *, unsigned long); void (*set_gain)(void *, float);
    void (*stop)(void *); void (*end)(void *);
} Descriptor;
static float *ports[8];
static void *make(const Descriptor *d, unsigned long rate) { (void)d; (void)rate; return ports; }
static void connect(void *h, unsigned long n, float *where) { (void)h; ports[n] = where; }
static void run(void *h, unsigned long count) { (void)h; (void)count; }
static void end(void *h) { (void)h; }
static const int kinds[] = {1 | 8, 2 | 8, 1 | 4, 1 | 4, 1 | 4, 1 | 4, 2 | 4};
static const char *const names[] = {"In", "Out", "Gain", "Gain", "On/Off", "Corner (Hz)", "Level"};
static const Range ranges[] = {
    {0, 0, 0}, {0, 0, 0},
    {1 | 2 | 0xC0, -12, 12},              /* bounded, default in the middle */
    {1 | 2 | 0x20 | 0x40, 0, 8},          /* bounded, integer, default the minimum */
    {4 | 0x240, 0, 0},                    /* toggled, default 1 */
    {1 | 2 | 8 | 0x10 | 0x140, 0.001f, 0.45f}, /* multiples of the sample rate, logarithmic, default the maximum */
    {0, 0, 0},
};
static const Descriptor it = {NUMBER, "tiny", 0, "Tiny Plugin", "Nobody", "None", 7, kinds, names, ranges, NULL,
                              make, connect, NULL, run, NULL, NULL, NULL, end};
const Descriptor *ladspa_descriptor(unsigned long n) { return n ? NULL : &it; }
static int in_discovery(void) {
    char name[256] = "";
    return readlink("/proc/self/exe", name, sizeof name - 1) > 0 && strstr(name, "discovery");
}
__attribute__((constructor)) static void loaded(void) { (void)in_discovery; WHEN_LOADED; }
"""

CRASH = "*(volatile int *)16 = 1"
HANG = "for (;;) sleep(1)"

CLAP = r"""
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
/* The binary interface of CLAP 1, as far as an effect with one parameter needs it. */
typedef struct { uint32_t major, minor, revision; } Version;
typedef struct {
    Version version; const char *id, *name, *vendor, *url, *manual, *support, *release, *text;
    const char *const *features;
} Descriptor;
typedef struct Plugin {
    const Descriptor *descriptor; void *data;
    bool (*init)(const struct Plugin *); void (*destroy)(const struct Plugin *);
    bool (*activate)(const struct Plugin *, double, uint32_t, uint32_t); void (*deactivate)(const struct Plugin *);
    bool (*start)(const struct Plugin *); void (*stop)(const struct Plugin *); void (*reset)(const struct Plugin *);
    int32_t (*process)(const struct Plugin *, const void *);
    const void *(*extension)(const struct Plugin *, const char *); void (*main_thread)(const struct Plugin *);
} Plugin;
typedef struct { uint32_t id; char name[256]; uint32_t flags, channels; const char *type; uint32_t pair; } Port;
typedef struct { uint32_t (*count)(const Plugin *, bool); bool (*get)(const Plugin *, uint32_t, bool, Port *); } Ports;
typedef struct { uint32_t id, flags; void *cookie; char name[256], module[1024]; double low, high, start; } Parameter;
typedef struct {
    uint32_t (*count)(const Plugin *); bool (*info)(const Plugin *, uint32_t, Parameter *);
    bool (*value)(const Plugin *, uint32_t, double *);
    bool (*to_text)(const Plugin *, uint32_t, double, char *, uint32_t);
    bool (*from_text)(const Plugin *, uint32_t, const char *, double *);
    void (*flush)(const Plugin *, const void *, const void *);
} Parameters;
static const char *const features[] = {"audio-effect", "filter", NULL};
static const Descriptor descriptor = {
    {1, 1, 8}, "org.example.tilt", "Tilt", "Nobody", "", "", "", "1.0", "", features};
static uint32_t port_count(const Plugin *p, bool in) { (void)p; (void)in; return 1; }
static bool port(const Plugin *p, uint32_t n, bool in, Port *port) {
    (void)p; memset(port, 0, sizeof *port);
    port->id = n; port->flags = 1; port->channels = 2; port->type = "stereo"; port->pair = UINT32_MAX;
    snprintf(port->name, sizeof port->name, in ? "Main In" : "Main Out");
    return true;
}
static uint32_t parameter_count(const Plugin *p) { (void)p; return 1; }
static bool parameter(const Plugin *p, uint32_t n, Parameter *it) {
    (void)p; memset(it, 0, sizeof *it);
    it->id = 7 + n; it->flags = 1u << 5; it->low = -6; it->high = 6; it->start = 1.5;
    snprintf(it->name, sizeof it->name, "Slope");
    return true;
}
static double slope = 1.5;
static bool value(const Plugin *p, uint32_t id, double *value) { (void)p; (void)id; *value = slope; return true; }
typedef struct Stream { void *own; int64_t (*move)(const struct Stream *, void *, uint64_t); } Stream;
typedef struct { bool (*save)(const Plugin *, const Stream *); bool (*load)(const Plugin *, const Stream *); } State;
static bool move(const Plugin *p, const Stream *s) { (void)p; return s->move(s, &slope, sizeof slope) == sizeof slope; }
static const State state = {move, move};
static bool to_text(const Plugin *p, uint32_t id, double v, char *text, uint32_t size) {
    (void)p; (void)id; snprintf(text, size, "%g", v); return true;
}
static bool from_text(const Plugin *p, uint32_t id, const char *t, double *v) {
    (void)p; (void)id; (void)t; (void)v; return false;
}
static void flush(const Plugin *p, const void *in, const void *out) { (void)p; (void)in; (void)out; }
static const Ports ports = {port_count, port};
static const Parameters parameters = {parameter_count, parameter, value, to_text, from_text, flush};
static bool init(const Plugin *p) { (void)p; return true; }
static void nothing(const Plugin *p) { (void)p; }
static bool activate(const Plugin *p, double r, uint32_t a, uint32_t b) {
    (void)p; (void)r; (void)a; (void)b; return true;
}
static int32_t process(const Plugin *p, const void *x) { (void)p; (void)x; return 1; }
static const void *extension(const Plugin *p, const char *id) {
    (void)p;
    return !strcmp(id, "clap.audio-ports") ? (const void *)&ports : !strcmp(id, "clap.params") ? &parameters
         : !strcmp(id, "clap.state") ? (const void *)&state : NULL;
}
static const Plugin plugin = {&descriptor, NULL, init, nothing, activate, nothing, init, nothing, nothing, process,
                              extension, nothing};
typedef struct Factory {
    uint32_t (*count)(const struct Factory *);
    const Descriptor *(*descriptor)(const struct Factory *, uint32_t);
    const Plugin *(*create)(const struct Factory *, const void *, const char *);
} Factory;
static uint32_t count(const Factory *f) { (void)f; return 1; }
static const Descriptor *describe(const Factory *f, uint32_t n) { (void)f; (void)n; return &descriptor; }
static const Plugin *create(const Factory *f, const void *host, const char *id) {
    (void)f; (void)host; (void)id; return &plugin;
}
static const Factory factory = {count, describe, create};
static bool begin(const char *path) { (void)path; return true; }
static void finish(void) {}
static const void *get(const char *id) { (void)id; return &factory; }
__attribute__((visibility("default"))) const struct {
    Version version; bool (*init)(const char *); void (*deinit)(void); const void *(*get)(const char *);
} clap_entry = {{1, 1, 8}, begin, finish, get};
"""


def compiled(source: str, to: Path, **words: str) -> Path:
    """Compile a shared library, with words of the source replaced; skips the test where there is no compiler."""
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not installed: no plugin can be made for this test")
    for word, meaning in words.items():
        source = source.replace(word, meaning)
    to.parent.mkdir(parents=True, exist_ok=True)
    beside = to.with_name(f".{to.name}.new")  # renamed at the end: the old one may be mapped by somebody
    subprocess.run(
        ["gcc", "-shared", "-fPIC", "-O0", "-o", str(beside), "-xc", "-"],
        input=source.encode(),
        check=True,
        capture_output=True,
    )
    beside.replace(to)
    return to


def ladspa(to: Path, when_loaded: str = "", number: int = 4711) -> Path:
    """Make a LADSPA plugin ``tiny`` that does something when its library is loaded."""
    return compiled(LADSPA, to, WHEN_LOADED=when_loaded, NUMBER=str(number))


def installed(format_: Format, name: str, package: str) -> Path:
    """Return a plugin file of this machine, or skip the test."""
    found = locate(format_, name, {"HOME": "/nonexistent"})
    if found is None:
        pytest.skip(f"{package} is not installed: {name} is not there to be tested")
    return found


def tool() -> Path:
    """Return Carla's discovery tool, or skip the test."""
    carla = library.find()
    if carla is None:
        pytest.skip(NO_CARLA)
    return carla.binaries / "carla-discovery-native"


def environ(folder: Path, **paths: str) -> dict[str, str]:
    """Return an environment in which nothing is installed but what the given variables lead to."""
    empty = {TRAITS[format_].variable or "": "" for format_ in FILES}
    return {"PATH": "/usr/bin:/bin", "HOME": str(folder), "LV2_PATH": str(folder / "no-lv2"), **empty, **paths}


def catalogue(folder: Path, base: Path | None = None, limit_s: float | None = None, **paths: str) -> CarlaCatalogue:
    """Return a catalogue of its own: its cache in the folder, and search paths as given."""
    around = environ(folder, **paths)
    if library.find() is None:
        pytest.skip(NO_CARLA)
    return CarlaCatalogue(
        base=base,
        lv2=Lv2Catalogue(cache_dir=folder / "lv2-cache", environ=around),
        cache_dir=folder / "cache",
        environ=around,
        time_limit_s=limit_s,
    )

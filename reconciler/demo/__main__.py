"""The demo as a story. Each claim in it is measured; one that does not hold ends it with exit code 1."""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

from reconciler.demo.picture import svg
from reconciler.demo.sounds import peak_dbfs, rms_dbfs
from reconciler.demo.stage import SESSION, Disproved, Stage, levels
from reconciler.manifest.examples import examples

TITLE = "One line changes, one call is made, and the level falls by the 6 dB that the file says"
CABLE = ("gate:out", "eq:in")
AGREES_DB = 0.1
"""Two takes of the same voice through the same studio differ by less than 0.00001 dB when no block is lost, and by a
few hundredths when a busy machine loses one."""


def story(stage: Stage) -> None:
    """Tell the main job from an empty machine to a studio that is proved, broken and healed.

    Raises
    ------
    Disproved
        Something is not as claimed.
    """
    stage.scene("an empty machine and a file")
    shutil.copy(examples()["podcast"], stage.folder / SESSION)
    stage.run(f"studio plan {SESSION}")

    stage.scene("make it so: starts JACK, loads six plugins, sets, connects, reads everything back")
    stage.run(f"studio apply {SESSION} --yes", last=1)

    stage.scene("what does it sound like? a voice is played in, and recorded at the end of the chain")
    source, first = stage.played(), stage.listen()
    stage.say(f"  in    {levels(source)}")
    stage.say(f"  left  {levels(first[0])}")
    stage.say(f"  right {levels(first[1])}")
    level = rms_dbfs(first)
    stage.claim(-30 < level < -12, f"the voice comes out, at {level:.1f} dBFS")
    stage.claim(peak_dbfs(first) <= -1.4, "nothing exceeds the limiter's -1.5 dB")

    stage.scene("look again: nothing left to do")
    stage.run(f"studio plan {SESSION} --exit-code")
    plan = stage.query(f"studio plan {SESSION}")
    stage.claim(not plan.get("changes") and not plan.get("actions"), "the second plan is empty")

    stage.scene("edit one line: the fader goes down 6 dB", pictured=True)
    stage.run(f"sed -i 's/trim: 0 dB/trim: -6 dB/' {SESSION}")
    stage.run(f"studio plan {SESSION}")
    plan = stage.query(f"studio plan {SESSION}")
    changes, actions = plan.get("changes"), plan.get("actions")
    assert isinstance(changes, list)
    assert isinstance(actions, list)
    one = len(changes) == len(actions) == 1 and changes[0]["address"] == "plugins.main.params.trim"
    stage.claim(one, "one change, one call, nothing else is touched")
    stage.run(f"studio apply {SESSION} --yes", last=1)
    second = stage.listen(lambda take: abs(rms_dbfs(take) - level + 6.0) < AGREES_DB)
    stage.say(f"  left  {levels(second[0])}")
    change = rms_dbfs(second) - level
    stage.claim(abs(change + 6.0) < AGREES_DB, f"the level changed by {change:+.2f} dB; the file says -6")

    stage.scene(f"somebody pulls a cable behind studio's back: {CABLE[0]} -> {CABLE[1]}", pictured=True)
    stage.unplug(*CABLE)
    silence = rms_dbfs(stage.listen())
    stage.claim(silence < -90, f"the listener hears nothing ({silence:.0f} dBFS)")
    stage.run(f"studio drift {SESSION}", expect=2)
    stage.run(f"studio apply {SESSION} --yes", last=1)
    third = stage.listen(lambda take: abs(rms_dbfs(take) - rms_dbfs(second)) < AGREES_DB)
    healed = rms_dbfs(third) - rms_dbfs(second)
    stage.claim(abs(healed) < AGREES_DB, f"the voice is back, within {abs(healed):.2f} dB of before")
    stage.run(f"studio drift {SESSION}")

    stage.scene("good night")
    stage.run(f"studio down {SESSION}")
    left = stage.running()
    stage.claim(not left, "no plugin, no host, no JACK server is left running")


def main(argv: list[str] | None = None) -> int:
    """Play the demo; return its exit code."""
    parser = argparse.ArgumentParser(prog="demo", description="Play the main job through, measured.")
    parser.add_argument("--picture", type=Path, help="also draw what happened into this SVG file")
    asked = parser.parse_args(argv)
    stage = Stage()
    status = 0
    try:
        story(stage)
    except Disproved as error:
        stage.say(f"  ✗ {error}")
        _show_logs(stage.folder)
        status = 1
    except subprocess.TimeoutExpired as error:
        stage.say(f"  ✗ no end after {error.timeout:g} s: {error.cmd}")
        _show_logs(stage.folder)
        status = 1
    except KeyboardInterrupt:
        stage.say("interrupted")
        status = 130
    finally:
        left = stage.leave()
    for name in left:
        stage.say(f"  ended by force: {name}")
    stage.say()
    if status == 0 and asked.picture:
        asked.picture.write_text(svg(stage.pictured, TITLE), encoding="utf-8")
    if status == 0:
        stage.say(f"{stage.claims} claims, all measured, in {stage.seconds:.0f} s. Yours to edit: sessions/{SESSION}")
    return status


def _show_logs(folder: Path) -> None:
    for log in sorted(folder.glob("runtime/studio/**/*.log")):
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-20:]
        sys.stderr.write(f"--- {log.name}\n" + "".join(f"  {line}\n" for line in lines))


if __name__ == "__main__":
    sys.exit(main())

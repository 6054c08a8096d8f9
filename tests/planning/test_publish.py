"""The published schema of a plan: current, and true of real plans."""

import json
from pathlib import Path

import jsonschema
import msgspec
import pytest
import yaml

from reconciler.engines.memory import MemoryStudio
from reconciler.planning import publish
from tests.planning.test_cases import CASES, make_desk

SCHEMA = Path(__file__).parents[2] / "schemas" / "plan.schema.json"


def test_the_published_schema_is_current() -> None:
    assert SCHEMA.read_text(encoding="utf-8") == publish.text(), "run `studio schema`"


@pytest.mark.parametrize("name", ["from-nothing", "link-pending", "plugin-protected", "server-starts"])
def test_plans_fit_the_schema(name: str) -> None:
    case = yaml.safe_load(next(path for path in CASES if path.stem == name).read_text(encoding="utf-8"))
    world = MemoryStudio()
    if "stop jack" in case.get("by_hand", []):
        world.lose_server()
    if "before" in case:
        desk = make_desk(case["before"], world)
        desk.apply(desk.plan())
    plan = json.loads(msgspec.json.encode(make_desk(case["manifest"], world).plan()))
    jsonschema.validate(plan, json.loads(SCHEMA.read_text(encoding="utf-8")))
    assert {"session", "fingerprint"} <= plan.keys()

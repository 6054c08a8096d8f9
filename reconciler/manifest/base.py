"""What every model of the manifest is: strict, frozen, and without room for unknown keys."""

from pydantic import BaseModel, ConfigDict


class Strict(BaseModel):
    """YAML has said what is a number and what is text; a second guess would hide a slip."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

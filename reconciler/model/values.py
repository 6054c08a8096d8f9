"""Values as the engines hold them: C ``float``, printed with the fewest digits that come back the same.

Comparing doubles with a tolerance calls most Hz values different; comparing after rounding to float32 calls none
(measured on Carla's interface).
"""

import math
import struct

_FLOAT32 = struct.Struct("<f")
FLOAT32_MAX = 3.4028234663852886e38


def float32(value: float) -> float:
    """Round to the nearest float32. Beyond its range the value becomes infinite, as in C."""
    if abs(value) > FLOAT32_MAX and not math.isnan(value):
        return math.copysign(math.inf, value)
    rounded: float = _FLOAT32.unpack(_FLOAT32.pack(value))[0]
    return rounded


def text(value: float) -> str:
    """Return the shortest decimal that reads back as the same float32 (6 to 9 digits suffice)."""
    if not math.isfinite(value):
        return str(value)
    exact = float32(value)
    for digits in range(1, 10):
        short = f"{exact:.{digits}g}"
        if float32(float(short)) == exact:
            number = float(short)
            return str(int(number)) if number.is_integer() and abs(number) < 1e9 else repr(number)
    return repr(exact)

"""What a host mixes around a plugin: dry/wet, volume, balance, pan and control channel (Carla's internal parameters).

They are described as parameters are, so that units, ranges and read-back follow the same rules. Ranges and defaults:
measured on Carla 2.6.
"""

from reconciler.model.catalogue import ParameterInfo, Unit
from reconciler.model.values import float32

MIX: dict[str, ParameterInfo] = {
    info.symbol: info
    for info in (
        ParameterInfo("dry_wet", "Dry/wet", -3, 1.0, 0.0, 1.0),
        ParameterInfo("volume", "Volume", -4, 1.0, 0.0, float32(1.27), Unit.GAIN),
        ParameterInfo("balance_left", "Balance left", -5, -1.0, -1.0, 1.0),
        ParameterInfo("balance_right", "Balance right", -6, 1.0, -1.0, 1.0),
        ParameterInfo("pan", "Pan", -7, 0.0, -1.0, 1.0),
        ParameterInfo("control_channel", "Control channel", -8, 0.0, -1.0, 15.0, integer=True),
    )
}
"""By key. ``index`` is Carla's internal parameter id; ``control_channel`` counts from 0, -1 is none."""

"""Switches that a host has for each plugin, by the words a manifest uses (Carla's plugin options).

The bits are those of ``PLUGIN_OPTION_…`` in Carla's ``CarlaBackend.h``. Which of them a plugin has, and how they stand
when nobody sets them, the host tells.
"""

FORCE_STEREO = "force_stereo"
"""The one that holds from the loading on: setting it later changes the bit and no port (measured on Carla 2.6)."""

OPTIONS: dict[str, int] = {
    "fixed_buffers": 0x001,
    FORCE_STEREO: 0x002,
    "map_program_changes": 0x004,
    "use_chunks": 0x008,
    "send_control_changes": 0x010,
    "send_channel_pressure": 0x020,
    "send_note_aftertouch": 0x040,
    "send_pitchbend": 0x080,
    "send_all_sound_off": 0x100,
    "send_program_changes": 0x200,
    "skip_sending_notes": 0x400,
}

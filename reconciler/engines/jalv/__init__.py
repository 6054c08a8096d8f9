"""LV2 plugins, each in a jalv process owned by the host process."""

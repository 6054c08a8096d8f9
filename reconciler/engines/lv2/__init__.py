"""The catalogue of installed LV2 plugins."""

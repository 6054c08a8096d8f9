"""The catalogue of installed LV2 plugins: what each one has, known without loading it.

Start at :class:`reconciler.engines.lv2.catalogue.Lv2Catalogue`. Nothing is imported here, because the scanner process
starts through this package and needs little of it.
"""

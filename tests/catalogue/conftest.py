"""The catalogue of what is really installed, scanned once for all tests."""

import pytest

from reconciler.engines.lv2.catalogue import Lv2Catalogue


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Lv2Catalogue:
    return Lv2Catalogue(cache_dir=tmp_path_factory.mktemp("catalogue"))

from collections.abc import AsyncIterator

import pytest
from hypothesis import settings

from tests.flows.mortal import MortalDatabase

settings.register_profile("long", max_examples=50_000)


@pytest.fixture
async def mortal_db(database_url: str) -> AsyncIterator[MortalDatabase]:
    database = MortalDatabase(database_url)
    await database.connect(processes=2)
    yield database
    await database.aclose()

"""What every destination says of itself."""

from typing import get_args

import pytest

from cohorte import destinations
from cohorte.activation.spec import Mode


@pytest.mark.parametrize("name", destinations.NAMES)
def test_a_destination_describes_itself(name: str) -> None:
    kind = destinations.kind(name)
    assert kind.name == name
    assert kind.about.modes and set(kind.about.modes) <= set(get_args(Mode))
    assert kind.about.auth and kind.about.contract

"""What counts as moved."""
import pytest

from instructions import moved

KEPT = {"resize": 1000, "look": 500}
CASES = {
    "nothing": (KEPT, []),
    "a_little": ({"resize": 1050, "look": 475}, []),
    "slower": ({"resize": 1051, "look": 500}, [("resize", 1000, 1051)]),
    "faster": ({"resize": 1000, "look": 474}, [("look", 500, 474)]),
    "a_new_kind": ({**KEPT, "other": 1}, [("other", None, 1)]),
    "a_kind_that_is_gone": ({"resize": 1000}, [("look", 500, None)]),
}


@pytest.mark.parametrize("now, wanted", CASES.values(), ids=CASES)
def test_over_five_percent_either_way_has_moved(now, wanted):
    assert moved(KEPT, now) == wanted

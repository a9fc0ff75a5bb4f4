"""Tables of all systems as columns, and what is told of them."""

from tasks.evaluation.gather import rounded


def test_the_last_bits_of_a_number_are_not_kept():
    assert rounded({"a": [0.1 + 0.2, 3, None, "x"], "b": {"c": 1e-20 / 3}}) == {
        "a": [0.3, 3, None, "x"],
        "b": {"c": 3.33333333e-21},
    }

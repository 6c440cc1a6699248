"""``pack diff``: the keys in which two packs differ, both values with their clauses."""

from node.domain.time import Limit, Unit
from node.packs.difference import differences, plain
from node.packs.file import effective_pack, finder


def test_only_what_differs_is_named_with_both_clauses():
    """A county that inherits its city's pack differs by the names that it binds, and by nothing else."""
    city, county = (effective_pack(id, finder()) for id in ("anshun-2025", "xixiu-2025"))

    found = list(differences(city, county))

    assert {"bodies", "unit", "number"} == {one.key.split(".")[0] for one in found}
    government = next(one for one in found if one.key == "bodies.government")
    assert government.left is not None
    assert government.right is not None
    assert ("安顺市人民政府", "AS25-3.1.2", "安顺市西秀区人民政府") == (
        government.left.value,
        government.left.clause,
        government.right.value,
    )


def test_a_rule_that_only_one_of_them_has_is_named_and_a_pack_does_not_differ_from_itself():
    """A class that the other does not know has no limit there."""
    anshun, fengjie = (effective_pack(id, finder()) for id in ("anshun-2025", "fengjie-2025"))

    found = {one.key: one for one in differences(anshun, fengjie)}

    assert [] == list(differences(anshun, anshun))
    only_left, only_right = found["limit.resolve.consultation.plain"], found["limit.resolve.any.simple"]
    assert (None, None) == (only_left.right, only_right.left)
    assert only_right.right is not None
    assert ("1 workday", "FJ25-3.7.1b") == (plain(only_right.right.value), only_right.right.clause)


def test_the_same_value_under_another_clause_is_no_difference():
    """A child that repeats its parent's value with its own reason decides nothing else."""
    text = finder()("xixiu-2025")
    assert text is not None
    texts = {"xixiu-2025": f'{text}\n[limit]\nsign = {{ value = "2 workdays", default = "the same" }}\n'}
    own, other = effective_pack("xixiu-2025", lambda id: texts.get(id) or finder()(id)), effective_pack("xixiu-2025", finder())

    assert [] == list(differences(own, other))
    assert ["1 workday", ["a", "b"], True] == [plain(value) for value in (Limit(1, Unit.WORKDAY), ("a", "b"), True)]

"""
The least plan that still fails.

Items are left out in runs, halves first, then ever smaller ones, as long as what is left still breaks the invariant.  Each item
has a seed of its own, so what stays does what it did before, as far as the world lets it.
"""

from collections.abc import Callable

from federation.simulation.plan import Plan


def shrunk(plan: Plan, still_fails: Callable[[Plan], bool], tries_max: int) -> Plan:
    """Leave out of *plan* what does not matter to the failure, with at most *tries_max* runs."""
    kept = [item.number for item in plan.items]
    size, tries = max(1, len(kept) // 2), 0
    while kept:
        place, is_less = 0, False
        while place < len(kept):
            if tries >= tries_max:
                return plan.only(kept)
            tries += 1
            without = kept[:place] + kept[place + size :]
            if still_fails(plan.only(without)):
                kept, is_less = without, True
            else:
                place += size
        if size == 1 and not is_less:
            break
        size = max(1, size // 2)
    return plan.only(kept)

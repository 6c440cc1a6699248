"""
The story of the demo: nine weeks over the Spring Festival, a province, a city and two counties.

Data and small functions, no input or output.  Its appeals are written from the situations that the five source documents
tell themselves; each says which.  ``ACTS`` are all acts by business time; February's sampling round stands in ``sampling``.
"""

from federation.rehearsal.story import anshun, guanling, guizhou, xixiu
from federation.rehearsal.story.act import Act, beijing
from federation.rehearsal.story.case import in_order
from federation.rehearsal.story.staff import CITY, LINK_DOWN, PROVINCE, STAFF, XIXIU

# The first morning, on which the nodes are set up and their staff is entered; and the end of the last day.
BEGINS, ENDS = beijing("01-26 08:30"), beijing("03-29 23:59")
# The next working day: who looks around afterwards comes to desks at work.
MORNING = beijing("03-30 09:00")
CASES = (*xixiu.CASES, *guanling.CASES, *anshun.CASES, *guizhou.CASES)
ACTS: tuple[Act, ...] = in_order((*xixiu.ACTS, *guanling.ACTS, *anshun.ACTS, *guizhou.ACTS))

__all__ = ["ACTS", "BEGINS", "CASES", "CITY", "ENDS", "LINK_DOWN", "MORNING", "PROVINCE", "STAFF", "XIXIU"]

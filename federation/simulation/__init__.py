"""
The simulator: a province, two cities and four counties in one process, in virtual time, under faults (FEDERATION 5.1, T01-T03).

What runs is the product: real SQLite, ``services.handle``, the reactions, the session and its machine, the superior's servicer.
What is simulated is around it: time, the wire between two levels, certificates, disks that are full, processes that die.  One seed
is one plan of acts and faults, and gives the same trace to the byte, whatever else this process has done.
"""

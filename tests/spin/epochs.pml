/*
 * A database that somebody put back: the guard file, and the epoch after a fork (FEDERATION 2.3 rows 5, 7, 10; T04).
 *
 * The guard file lies outside the database and keeps how far the superior is known to hold it; a database older than it writes nothing
 * before a greeting has fetched the rest. GUARD=0: what was acknowledged gets a second content under its number. A fork of what was never
 * acknowledged can come about all the same; then both ends' operators begin a new epoch, once here. EPOCHS=0: what was sent in the old one and comes
 * late is taken in the new one, and the two fork again though nobody restored anything.
 */
#ifndef GUARD
#define GUARD 1
#endif
#ifndef EPOCHS
#define EPOCHS 1
#endif
#define MAX 3
#define IDX(epoch, place, id) ((epoch) * 12 + (place) * 4 + (id))

byte child[MAX], size = 0, epoch = 0;
byte mirror[MAX], held = 0, epoch_above = 0;
byte guard = 0, guard_epoch = 0;
byte backup = 255;
byte next_id = 0;
bool restored = false, waits = false, forked = false, rejoined = false;
bool sent[24];

inline greet() {
  if
  :: epoch < epoch_above ->                 /* stale: it follows, with what the superior kept */
       i = 0; do :: i < held -> child[i] = mirror[i]; i++ :: else break od;
       size = held; epoch = epoch_above; waits = false
  :: else ->
       i = 0; do :: i < size && i < held && child[i] == mirror[i] -> i++ :: else break od;
       if
       :: i < size && i < held -> forked = true; assert(i >= guard || guard_epoch != epoch)
       :: else ->
            do :: size < held -> child[size] = mirror[size]; size++ :: else break od;
            guard = held; guard_epoch = epoch; waits = false
       fi
  fi
}

active proctype subordinate() {
  byte i;
end:
  do
  :: atomic { !waits && !forked && size < MAX && next_id < 4 ->
       assert(size >= guard || guard_epoch != epoch); child[size] = next_id; next_id++; size++ }
  :: atomic { !waits && !forked && size > 0 -> select(i : 0 .. size - 1); sent[IDX(epoch, i, child[i])] = true }
  :: atomic { backup == 255 && epoch == 0 -> backup = size }
  :: atomic { backup != 255 && !restored && !forked ->
       size = backup; epoch = 0; restored = true; waits = (GUARD && (guard_epoch > epoch || size < guard)) }
  :: atomic { !forked -> greet() }
  :: atomic { forked && !rejoined -> epoch_above = 1; epoch = 1; rejoined = true; forked = false; waits = false;
       i = 0; do :: i < held -> child[i] = mirror[i]; i++ :: else break od; size = held }
  :: forked && rejoined -> assert(false)
  od
}

active proctype superior() {
  byte place; byte id; byte from;
end:
  do
  :: atomic { !forked -> select(from : 0 .. 1); select(place : 0 .. 2); select(id : 0 .. 3);
       if
       :: sent[IDX(from, place, id)] && (from == epoch_above || !EPOCHS) ->
            if
            :: place == held && held < MAX -> mirror[held] = id; held++
            :: place < held && mirror[place] != id -> forked = true
            :: else
            fi
       :: else
       fi }
  od
}

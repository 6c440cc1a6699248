/*
 * One link whose subordinate goes back to a backup (FEDERATION 2.2 R5, 2.3 rows 1 to 7; T04).
 *
 * The subordinate appends, sends any entry again at any time, and is restored once. The superior takes what comes next, compares what it
 * has, and stops at a gap. CHECK=0 is the bare sequence number: then the subordinate believes delivered what the superior does not hold.
 */
#ifndef CHECK
#define CHECK 1
#endif
#define MAX 3
#define IDX(place, id) ((place) * 5 + (id))

byte child[MAX];         /* the subordinate's entries, as ids */
byte size = 0;
byte mirror[MAX];        /* what the superior holds of them */
byte held = 0;
byte next_id = 1;
byte backup = 255;       /* the size at which it was taken */
bool restored = false;
byte acked = 0;
bool forked = false;
bool sent[16];           /* whatever was sent once may arrive at any time, as often as it likes */

active proctype subordinate() {
  do
  :: atomic { size < MAX && next_id < 5 -> child[size] = next_id; next_id++; size++ }
  :: atomic { size > 0 -> byte i; select(i : 0 .. size - 1); sent[IDX(i, child[i])] = true }
  :: atomic { backup == 255 -> backup = size }
  :: atomic { backup != 255 && !restored -> size = backup; restored = true;
       if :: acked > size && CHECK -> forked = true :: else fi }
  :: atomic { acked < size && acked < held ->
       if :: CHECK && child[acked] != mirror[acked] -> forked = true :: else -> acked++ fi }
  :: forked -> break
  :: next_id == 5 && size > 0 -> break
  od
}

active proctype superior() {
  byte place; byte id;
end:
  do
  :: atomic { !forked -> select(place : 0 .. 2); select(id : 1 .. 4);
       if
       :: sent[IDX(place, id)] ->
            if
            :: place == held && held < MAX -> mirror[held] = id; held++
            :: place < held -> if :: CHECK && mirror[place] != id -> forked = true :: else fi
            :: else
            fi
       :: else
       fi }
  :: forked -> break
  od
}

active proctype monitor() {
  byte i;
  atomic { !forked && acked > 0 && acked <= size -> i = 0;
    do :: i < acked -> assert(i < held && mirror[i] == child[i]); i++ :: else break od }
}

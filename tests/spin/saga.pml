/*
 * One escalation with its custody number: asked, withdrawn, accepted, returned, decided, overridden from above both (FEDERATION 2.5; T04).
 *
 * FREEZE: who has asked handles no more. SINKFENCE: a result under a lower number has no effect at the origin. Without either of them a
 * ticket is handled twice. A number of 0 is none.
 */
#ifndef SINKFENCE
#define SINKFENCE 1
#endif
#ifndef FREEZE
#define FREEZE 1
#endif

mtype = { REQUEST, WITHDRAW, APPELLANT, ACCEPT, RETURN, WITHDRAWN, DONE, TERMINATED, OVERRIDE };
mtype:state = { NONE, ASKED, WITHDRAWING, ACCEPTED, RETURNED, TAKEN_BACK, ENDED };

chan up = [4] of { mtype, byte, byte };
chan down = [4] of { mtype, byte, byte };
chan authority = [1] of { mtype, byte, byte };

byte origin_number = 1, highest = 1;     /* the origin's custody number, and the highest that it has seen */
byte above_number = 0, above_highest = 1;
byte hop = 0, hop_above = 0;
byte effects = 0, void_results = 0, ended_first = 0, ended_second = 0;
mtype:state here = NONE, there = NONE;
bool overridden = false, appellant = false, closed = false;

inline end_of(which) { if :: which == 1 -> ended_first++ :: else -> ended_second++ fi }

active proctype origin() {
  mtype kind; byte which; byte number;
  do
  :: atomic { !closed && origin_number > 0 && (here == NONE || here == RETURNED || here == TAKEN_BACK) && hop < 2 && nfull(up) ->
       hop++; up!REQUEST(hop, origin_number); here = ASKED;
#if FREEZE
       origin_number = 0
#endif
     }
  :: atomic { !closed && origin_number > 0 && (here != ACCEPTED || origin_number == highest) ->
#if FREEZE
       assert(here != ASKED && here != WITHDRAWING);
#endif
       effects++; closed = true; origin_number = 0;
       if :: here == ASKED || here == WITHDRAWING -> end_of(hop) :: else fi }
  :: atomic { here == ASKED && nfull(up) -> up!WITHDRAW(hop, 0); here = WITHDRAWING }
  :: atomic { !appellant && !closed && nfull(up) && here == ACCEPTED -> appellant = true; up!APPELLANT(hop, 0) }
  :: atomic { down?kind(which, number) ->
       if
       :: kind == ACCEPT && which == hop && here != TAKEN_BACK ->
            here = ACCEPTED; if :: number > highest -> highest = number :: else fi
       :: kind == ACCEPT && here == TAKEN_BACK -> skip
       :: (kind == RETURN || kind == WITHDRAWN) ->
            if
            :: which == hop && (here == ASKED || here == WITHDRAWING) ->
                 end_of(which); here = (kind == RETURN -> RETURNED : TAKEN_BACK);
                 if :: number > highest -> highest = number; origin_number = number :: else fi
            :: else
            fi
       :: (kind == DONE || kind == TERMINATED) ->
#if SINKFENCE
            if
            :: number < highest -> void_results++
            :: else -> effects++; closed = true; end_of(which); here = ENDED; origin_number = 0
            fi
#else
            effects++; closed = true; end_of(which); here = ENDED; origin_number = 0
#endif
       fi }
  :: atomic { here == ACCEPTED && !overridden && !closed && nfull(authority) ->
       overridden = true; highest = highest + 1; origin_number = highest; end_of(hop); here = TAKEN_BACK; authority!OVERRIDE(hop, highest) }
  :: closed && empty(down) -> break
  :: timeout -> break
  od
}

active proctype superior() {
  mtype kind; byte which; byte number;
end:
  do
  :: atomic { authority?kind(which, number) ->
       if
       :: number > above_highest ->
            above_highest = number; above_number = 0; if :: there == ACCEPTED -> there = TAKEN_BACK :: else fi
       :: else
       fi }
  :: atomic { up?kind(which, number) ->
       if
       :: kind == REQUEST -> there = ASKED; hop_above = which; if :: number > above_highest -> above_highest = number :: else fi
       :: kind == WITHDRAW && there == ASKED && which == hop_above ->
            above_highest++; down!WITHDRAWN(which, above_highest); there = TAKEN_BACK
       :: kind == WITHDRAW && !(there == ASKED && which == hop_above) -> skip
       :: kind == APPELLANT && there == ACCEPTED && which == hop_above && above_number > 0 ->
            down!TERMINATED(which, above_number); above_number = 0; there = ENDED
       :: kind == APPELLANT && !(there == ACCEPTED && which == hop_above && above_number > 0) -> skip
       fi }
  :: atomic { there == ASKED && nfull(down) ->
       above_highest++; above_number = above_highest; there = ACCEPTED; down!ACCEPT(hop_above, above_number) }
  :: atomic { there == ASKED && nfull(down) -> above_highest++; down!RETURN(hop_above, above_highest); there = RETURNED }
  :: atomic { there == ACCEPTED && above_number > 0 && nfull(down) -> down!DONE(hop_above, above_number); above_number = 0; there = ENDED }
  od
}

active proctype monitor() { atomic { (effects > 1 || ended_first > 1 || ended_second > 1) -> assert(false) } }

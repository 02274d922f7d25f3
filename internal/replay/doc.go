// Package replay decides operations of the past again under other rules, in memory, and tells what would have come out differently.
//
// The books keep facts and no requests, so each command is made anew from what its operation tells, and decided twice on the state that it met:
// under the rules of its time and under the draft. Only the difference between these two is told; where the first does not come to what
// is booked, the books tell too little and the operation is counted apart. Every operation meets the state that really was: differences do not add up
// from one to the next. What was refused, and bills that earned nothing, left nothing to be decided again.
package replay

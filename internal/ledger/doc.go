// Package ledger is the pure core: it decides what a command does to the books of one brand. Lots, holds, vouchers, operations and every
// rule of the stored-value, point and voucher methods live here (semantics.md §3 to §8, §10).
//
// A command is turned by Decide, over a State that a store has loaded and a Stamp of time and names, into a Result and into Changes that
// the store saves. There is no clock, no I/O and no randomness in it. A refusal is a value with a Code; the only error is ErrNeedLots:
// load more and decide the batch again.
//
// Each family of commands has a file with one straight function a command: replay, look up, limits, and after "nothing fails from here
// on" the changes. Only post.go changes lots, accounts, holds and vouchers, and every change stands in an operation; only story.go and
// reversal.go know what is left to give back. What a request may look like is checked before it comes here: amounts are above zero or,
// where a command says so, 0 for absent.
package ledger

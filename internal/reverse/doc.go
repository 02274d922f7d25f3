// Package reverse holds WDK orders, quotes and refund orders ("reverses", semantics.md §9): the second half of the functional core.
// Like the ledger it is pure: a command, the state that a batch loaded and a stamp go in, a result and changes come out.
//
// The way of a refund: TakeOrder fixes how every line of an order shares in its tenders; MakeQuote offers what is left of that table;
// Submit makes reverses of it; AGREE gives member assets back in the ledger and turns the other channels into payouts. What can be
// refunded is always computed anew from the order, its reverses and the ledger (cap.go): no door has a count of its own.
package reverse

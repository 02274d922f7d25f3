// Package query is the read side: views of members, voucher templates and reverses over a snapshot of the books. It decides nothing
// and writes nothing; what shows a view (the API, the console) shapes it.
//
// A snapshot may hold what is due to expire but has not been swept. What a view shows is what a command would find at the moment of
// the snapshot: the ledger's own rule is applied to the snapshot, which is then thrown away.
package query

// Package engine turns many callers into few transactions (group commit). A caller enqueues a command and waits; a batch of one brand is
// loaded once, decided in order by the pure core, saved once and committed; then each caller gets its own answer. It knows no HTTP, no SQL
// and no kind of asset.
//
// Why batches: one durable commit costs the same whether it carries one operation or five hundred. Why per brand: a brand is the unit of
// tenancy, of the hash chain and of the locks, so no transaction ever crosses two.
//
// A refusal never spoils its neighbours (it is a value). A fault does spoil the batch; then its commands run one by one and only the guilty
// one hears of it. Nothing is answered before the store has said that the batch is durable.
package engine

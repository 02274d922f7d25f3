//go:build race

package storetest

// referenceSteps under the race detector, which makes each ten times as slow and finds nothing on one goroutine: make test takes them all
// without it.
const referenceSteps = 40

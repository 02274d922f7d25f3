//go:build !race

package storetest

const referenceSteps = 400

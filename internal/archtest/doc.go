// Package archtest keeps the agreement of who may import whom (ARCHITECTURE.md) as a test.
package archtest

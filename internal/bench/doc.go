// Package bench measures a running Recoup from outside: signed calls over HTTP from a light client, and the server's own CPU time as
// the kernel counts it. Every figure is for comparison within one run on one machine; absolute numbers drift with the machine.
package bench

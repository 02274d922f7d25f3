// Package pgtemp runs a temporary PostgreSQL server from the installed binaries, for tests and measurements.
//
// It promises a server as durable as one in production, on a port of 127.0.0.1 that nobody else had, and that nothing of it is left:
// neither processes nor files, however the program that started it ends. So each run of the server has a small shell for a parent that
// stops it when our end of a pipe closes, and a second one removes the folder when the last process that used it is gone.
//
// Whoever can reach 127.0.0.1 is let in as the server's superuser: it is a place for made-up data only.
package pgtemp

// Package sdk proves that the platform's client libraries work against Recoup: those of npm by running them, the others by the bytes
// they put on the wire. It also sends the published samples as printed, and requests that nobody should send.
//
// It has tests only. They need Node (from 18) with npm; `npm ci` in this folder installs the clients, which nothing else depends on.
package sdk

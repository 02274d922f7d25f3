// Package api is the catalogue: every method the service answers, each declared once as data (name, titles, request, response,
// codes, auth), with how its command is built and how its result is shaped. It decides nothing about money: a write becomes a
// command for Service.Submit, a precheck one for Service.Try, a read becomes keys for Service.Read and a view made by package query.
//
// The way of a call through this package, see Method.Serve:
//
//	parameters → decode (types, bounds, required) → brand (grants) → command or keys → Service → reply
//
// Faults are answered as error_response and mean "fix and resend" (isv.) or "send again" (isp.); refusals of the business are
// normal replies. The catalogue is immutable once made and safe for use by many goroutines.
package api

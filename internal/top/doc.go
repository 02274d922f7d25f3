// Package top is the Taobao Open Platform protocol as text: parameters in
// (query, form, multipart, JSON inside a parameter), signatures, and answers
// out as JSON and XML, the platform's own error table included.
//
// The package knows no method and keeps no state. It promises:
//
//   - what a client signed is what Verify sees: every text parameter that
//     arrived, in whichever part of the request, decoded once;
//   - an answer is readable by the strictest client known: one root key, no
//     null, compact, raw UTF-8, request_id always there;
//   - 64-bit numbers pass both ways without loss;
//   - work and memory are linear in the size of the request, and bounded.
//
// A request goes from here to the gateway, which checks signature, session and
// grants and hands the parameters to the method's own decoder.
package top

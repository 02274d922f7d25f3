// Package policy is a brand's rules as a document: what operators read, write and compare. The ledger decides by the same rules in the
// form of a ledger.Brand. Names, shops and voucher templates are the brand's own and no part of the document.
//
// A document is whole: what it leaves out has its default. The schema (schema.json) says of every member what it means, its bounds and its
// default; Check adds what a schema cannot say.
package policy

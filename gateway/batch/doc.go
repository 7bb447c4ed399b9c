// Package batch reads the body of a batch: what a handheld scanned while it had
// no network, as JSON (RFC 8259).
//
//	{"scans":[{"code":"RG1:...","scanned_at_ms":1771113600000}, ...]}
//
// It promises one meaning for every body that it reads, the one that
// encoding/json finds, and a Refusal for every other: no name but these, none
// twice, none missing, 1 to Max scans, times as plain integers, nothing after
// the end. Names may come in any order, and white space and escapes wherever
// JSON has them. A Refusal says what is wrong and where, and never quotes.
//
// It allocates nothing, and nothing in a body makes it recurse. It decodes
// escapes inside the body, so the body is spent afterwards, and what it returns
// lives as long as the body does.
//
// It does not judge codes. Whatever a scanner may read, in any script and of any
// length, is a text; that it is no code is a verdict on one scan, which must not
// cost the passengers beside it theirs. For the same reason half a surrogate pair
// is read, as U+FFFD. Bytes that are not UTF-8 are no JSON.
package batch

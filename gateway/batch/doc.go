// Package batch reads the body of a batch: the scans that a handheld made without a
// network, as JSON (RFC 8259).
//
//	{"scans":[{"code":"RG1:...","scanned_at_ms":1771113600000,"upload":"0001-0042"}, ...]}
//
// upload may be missing. The package also reads the report of a barrier, see [ReadReport].
//
// It promises to read each body that it accepts as encoding/json does, and to return
// a [Refusal] for every other body. It accepts only these names, none twice; only
// upload may be missing. It accepts 1 to [Max] scans, times as plain integers, and no bytes after the end.
// Names may come in any order, with white space and escapes wherever JSON allows
// them. A Refusal gives the fault and its position, and quotes no input.
//
// Reading allocates no memory and does not recurse. It decodes escapes inside the
// body, which destroys the body; the returned texts are views of it.
//
// The package does not judge codes. Any string that a scanner may read, in any script
// and of any length, is accepted: a string that is not a code gets a verdict of its
// own and must not cost the other scans theirs. For the same reason half a surrogate
// pair is read as U+FFFD. Bytes that are not UTF-8 are not JSON and are refused.
package batch

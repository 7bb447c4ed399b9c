// Package tokens implements the electronic temporary ID at a gate: the wire form
// of a code, its strict parser, the hash chain that makes it rotate, the issuer
// keys that sign it, and the order in which a code is checked.
//
// Bytes, keys and the current time come in, one [Reason] comes out. The package
// performs no I/O, reads no clock, holds no private key and keeps no state between
// calls. The checking path does not allocate. [Token.Parse] followed by
// [Token.Bytes] returns the same bytes, and every code has exactly one spelling.
//
// The package does not decide whether a credential was revoked or whether a
// signature was verified before: [Checker] asks its caller through [Revocations]
// and [Passes].
//
// docs/token-format.md specifies every byte. testdata/vectors contains test cases
// for other implementations, each with its expected reason.
package tokens

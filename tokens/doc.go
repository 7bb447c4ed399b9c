// Package tokens is the electronic temporary ID as a gate sees it: the wire form
// of a code, its strict parser, the hash chain that makes it rotate, the issuer
// keys that sign it, and the one order in which it is checked.
//
// It promises: bytes, keys and the current time come in, one Reason comes out.
// Nothing in it performs I/O, reads a clock, holds a private key or keeps state
// between calls; nothing on the checking path allocates. Parse followed by
// Bytes gives back the same bytes, and every code has exactly one spelling.
//
// It does not decide whether a credential was revoked or whether a signature
// was seen before: Checker asks its caller through Revocations and Passes.
//
// docs/token-format.md specifies every byte; testdata/vectors holds cases for
// other implementations, each with its expected reason.
package tokens

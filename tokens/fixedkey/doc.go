// Package fixedkey verifies Ed25519 signatures (RFC 8032) under public keys that are
// known in advance, several times as fast as verifiers for arbitrary keys.
//
// A verification checks R = sB - hA, where only s and h are new. For B and for each
// -A a precomputed table holds the multiples for every window of a scalar, so sB - hA
// costs one addition per window and no doubling.
//
// For every key that [New] accepts, and in every [Form], the package accepts the same
// signatures as crypto/ed25519.Verify. New refuses keys of small or mixed order and
// encodings that are not canonical, which crypto/ed25519 accepts. Like crypto/ed25519
// the package accepts an R that is the identity; package tokens refuses it.
// The running time depends on the inputs, so inputs must not be secret.
package fixedkey

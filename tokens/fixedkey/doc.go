// Package fixedkey verifies Ed25519 signatures (RFC 8032) under public keys that
// are known beforehand, several times as fast as code that must take any key.
//
// A verification asks whether R = sB - hA, where only s and h are new. For B and
// for each -A the multiples of every window of a scalar are therefore laid up in
// a table, so that sB - hA is one addition a window and nothing is ever doubled.
//
// It promises the accept set of crypto/ed25519.Verify, signature by signature,
// for every key that New takes, in every Form. New takes no key of small or mixed
// order and no encoding that is not canonical, and is stricter in that than
// crypto/ed25519. It takes an R that is the identity, as crypto/ed25519 does; package
// tokens refuses that itself. Time depends on the inputs: nothing here may see a secret.
package fixedkey

// Package bundle contains the signed documents that a gateway hands out for use without it: the bundle from
// which a handheld checks codes in a tunnel, and the receipt that proves a verdict years later.
//
// A reader pins the authority's public key alone. Both documents are signed with the gateway's own key, and
// the authority signed the control batch that announced that key.
//
// The package promises that each document has one encoding, and that a document which was cut, altered or
// rolled back is refused with its reason before any of it is used. It does no I/O and has no clock: bytes,
// keys and times are passed in. It does not promise that the gateway was honest: a stolen gateway key signs
// any document until the authority withdraws the key.
//
// docs/offline.md specifies every byte.
package bundle

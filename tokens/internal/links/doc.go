// Package links computes the hash chains of docs/token-format.md backwards: from the
// link that a passenger shows towards the anchor that the issuer signed.
//
// For every link, serial and step it computes the same bytes as crypto/sha256, in
// place and without allocating. On amd64 processors with the SHA extensions it uses
// assembly that omits the work that is the same for every link. On other processors,
// or with the build tag purego, it calls crypto/sha256.
//
// The package does not check the length of a chain or whether a link is genuine. Its
// running time depends on the step numbers, which are public, and not on the links.
package links

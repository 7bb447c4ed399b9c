// Package links goes back along the hash chains of docs/token-format.md: from the
// link that a passenger shows towards the anchor that the issuer signed.
//
// It promises the bytes that crypto/sha256 would give for every link, serial and
// step, in place and without allocating. On amd64 processors with the SHA extensions
// that is assembly which leaves out what does not change from link to link; elsewhere,
// or built with the tag purego, it is crypto/sha256 itself.
//
// It does not know how long a chain may be, nor whether a link is genuine. Its time
// tells the step numbers, which are no secret; it does not depend on the links.
package links

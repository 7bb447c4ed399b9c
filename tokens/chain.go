package tokens

import "crypto/sha256"

// Link is one element of a session's hash chain: a SHA-256 cut to 128 bits.
type Link [16]byte

// linkDomain, the serial, the step and a link are 39 bytes: with its padding
// one SHA-256 block, so a gate pays one compression per link.
const linkDomain = "railgate/link/v1"

// back is the one-way step of the chain: from the link of a step to the link
// of the step before it, or from the link of step 0 to the anchor. The serial
// and the step number are hashed in, so no work on one pass helps with another.
func back(link *Link, serial Serial, step int64) Link {
	var m [len(linkDomain) + 6 + 1 + len(Link{})]byte
	copy(m[:], linkDomain)
	o := len(linkDomain)
	m[o], m[o+1] = byte(serial.Day>>8), byte(serial.Day)
	m[o+2], m[o+3], m[o+4], m[o+5] = byte(serial.Index>>24), byte(serial.Index>>16), byte(serial.Index>>8), byte(serial.Index)
	m[o+6] = byte(step)
	copy(m[o+7:], link[:])
	sum := sha256.Sum256(m[:])
	return Link(sum[:len(link)])
}

// linkHolds hashes the shown link step+1 times and compares with the anchor.
// Nothing here is secret from the gate, so the comparison need not be constant-time.
func (t *Token) linkHolds() bool {
	link, serial := *t.link(), t.Serial()
	for step := t.Step(); step >= 0; step-- {
		link = back(&link, serial, step)
	}
	return link == *t.anchor()
}

// Chain computes a whole session from the holder's secret seed: the anchor that
// the issuer signs and the links to show, links[i] in step i. The seed itself
// is the last link. length is 1 to MaxLength.
func Chain(seed Link, serial Serial, length int) (anchor Link, links []Link) {
	links = make([]Link, length)
	links[length-1] = seed
	for step := length - 1; step > 0; step-- {
		links[step-1] = back(&links[step], serial, int64(step))
	}
	return back(&links[0], serial, 0), links
}

package tokens

import "github.com/railgate/railgate/tokens/internal/links"

// Link is one element of a session's hash chain: a SHA-256 cut to 128 bits. The
// hash is over a domain, the serial, the step and the link of the step after, 39
// bytes: with its padding one block, so a gate pays one compression per link. The
// serial and the step number are in it so that no work on one pass helps with another.
type Link [16]byte

// linkHolds hashes the shown link step+1 times and compares with the anchor.
// Nothing here is secret from the gate, so the comparison need not be constant-time.
func (t *Token) linkHolds() bool {
	link := [16]byte(*t.link())
	links.Back(&link, t.serialBytes(), t.raw[offStep], 0)
	return link == *t.anchor()
}

// linkFollows is linkHolds for one who knows a link of the pass: only the steps
// between the two are hashed. Should the answers ever differ, somebody has found
// a second preimage, and this one is the stricter.
func (t *Token) linkFollows(known *Shown) bool {
	step := t.raw[offStep]
	link, other, from, to := [16]byte(*t.link()), [16]byte(known.Link), step, known.Step
	if from < to {
		link, other, from, to = other, link, to, from
	}
	if from > to {
		links.Back(&link, t.serialBytes(), from, to+1)
	}
	return link == other
}

// Chain computes a whole session from the holder's secret seed: the anchor that
// the issuer signs and the links to show, shown[i] in step i. The seed itself
// is the last link. length is 1 to MaxLength.
func Chain(seed Link, serial Serial, length int) (anchor Link, shown []Link) {
	shown = make([]Link, length)
	shown[length-1] = seed
	for step := length - 1; step > 0; step-- {
		shown[step-1] = shown[step].before(serial, step)
	}
	return shown[0].before(serial, 0), shown
}

// before is the link of the step before, or the anchor.
func (l Link) before(serial Serial, step int) Link {
	b := [6]byte{byte(serial.Day >> 8), byte(serial.Day),
		byte(serial.Index >> 24), byte(serial.Index >> 16), byte(serial.Index >> 8), byte(serial.Index)}
	links.Back((*[16]byte)(&l), &b, uint8(step), uint8(step))
	return l
}

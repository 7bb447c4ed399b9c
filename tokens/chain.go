package tokens

import "github.com/railgate/railgate/tokens/internal/links"

// Link is one value of a session's hash chain: the first 128 bits of a SHA-256 hash.
// The hash input is a domain, the serial, the step and the link of the next step,
// 39 bytes. With padding it fills one block, so a link costs one compression.
// Serial and step are part of the input so that work on one pass is useless for another.
type Link [16]byte

// linkHolds hashes the shown link step+1 times and compares the result with the
// anchor. All values are known to the gate, so the comparison need not take constant time.
func (t *Token) linkHolds() bool {
	link := [16]byte(*t.link())
	links.Back(&link, t.serialBytes(), t.raw[offStep], 0)
	return link == *t.anchor()
}

// linkFollows is linkHolds for a pass with a known link: it hashes only the steps
// between the two links. The answers can differ only if the shown link is a second
// preimage; linkFollows then refuses it.
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

// Chain computes the hash chain of a session from the holder's secret seed: the
// anchor that the issuer signs, and the links to show, shown[i] in step i. The seed
// is the last link. length is between 1 and MaxLength.
func Chain(seed Link, serial Serial, length int) (anchor Link, shown []Link) {
	shown = make([]Link, length)
	shown[length-1] = seed
	for step := length - 1; step > 0; step-- {
		shown[step-1] = shown[step].before(serial, step)
	}
	return shown[0].before(serial, 0), shown
}

// before returns the link of the previous step; for step 0, the anchor.
func (l Link) before(serial Serial, step int) Link {
	b := [6]byte{byte(serial.Day >> 8), byte(serial.Day),
		byte(serial.Index >> 24), byte(serial.Index >> 16), byte(serial.Index >> 8), byte(serial.Index)}
	links.Back((*[16]byte)(&l), &b, uint8(step), uint8(step))
	return l
}

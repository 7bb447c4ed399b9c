package links

import "crypto/sha256"

// plain is [Back] as the format specifies it: one complete hash per link. It runs on
// processors without assembly, and tests compare the assembly with it.
func plain(link *[16]byte, serial *[6]byte, from, to uint8) {
	const stepAt = len(Domain) + len(serial)
	var m [stepAt + 1 + len(link)]byte
	copy(m[:], Domain)
	copy(m[len(Domain):], serial[:])
	for step := int(from); step >= int(to); step-- {
		m[stepAt] = byte(step)
		copy(m[stepAt+1:], link[:])
		sum := sha256.Sum256(m[:])
		*link = [16]byte(sum[:len(link)])
	}
}

func plainAll(chains []Chain) {
	for i := range chains {
		c := &chains[i]
		plain(&c.Link, &c.Serial, c.From, c.To)
	}
}

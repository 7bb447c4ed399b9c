package links

// Domain is hashed in front of everything, so that a link is the hash of nothing else.
const Domain = "railgate/link/v1"

// Back takes the link of step from and leaves in its place the link of the step
// before step to, or the anchor if to is 0: it hashes with the step numbers from,
// from-1, ..., to. serial is spelled as in a code: day in 2 bytes and index in 4,
// big-endian. If from is below to the link stays as it is.
func Back(link *[16]byte, serial *[6]byte, from, to uint8) {
	if accelerated && from >= to {
		back(link, serial, from, to)
		return
	}
	plain(link, serial, from, to)
}

// Chain is one chain of a batch: the arguments of Back.
type Chain struct {
	Link     [16]byte // BackAll changes this and nothing else
	Serial   [6]byte
	From, To uint8
}

// BackAll does Back for every chain of a batch of any size. Where there is assembly it
// works on four chains at once: a large batch takes half the time of single calls.
func BackAll(chains []Chain) {
	if accelerated {
		backAll(chains)
		return
	}
	plainAll(chains)
}

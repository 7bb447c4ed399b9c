package links

// Domain is the prefix of the hash input. It separates links from other hashes.
const Domain = "railgate/link/v1"

// Back replaces the link of step from with the link of the step before to, or with
// the anchor if to is 0: it hashes with the step numbers from, from-1, ..., to. serial
// has the wire form of a code: day in 2 bytes and index in 4, big-endian. If from is
// less than to, the link is not changed.
func Back(link *[16]byte, serial *[6]byte, from, to uint8) {
	if accelerated && from >= to {
		back(link, serial, from, to)
		return
	}
	plain(link, serial, from, to)
}

// Chain is one chain of a batch: the arguments of [Back].
type Chain struct {
	Link     [16]byte // the only field that BackAll changes
	Serial   [6]byte
	From, To uint8
}

// BackAll runs [Back] for every chain of a batch of any size. The assembly processes
// four chains at a time: a large batch takes half the time of single calls.
func BackAll(chains []Chain) {
	if accelerated {
		backAll(chains)
		return
	}
	plainAll(chains)
}

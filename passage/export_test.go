package passage

import (
	"crypto/ed25519"
	"time"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
)

// Open is [OpenBatch] with the verification of crypto/ed25519.
func Open(raw []byte, keys Keys, now int64) (*Batch, error) {
	return OpenBatch(raw, keys, now, func(_ revocation.GatewayID, key *revocation.GatewayKey, message, signature []byte) bool {
		return ed25519.Verify(key.Public[:], message, signature)
	})
}

// Find returns the conflicts among passages without a collector, and so without its bounds.
func Find(passages []Passage, window time.Duration) (all []Conflict) {
	bySerial := map[tokens.Serial][]Passage{}
	for _, p := range passages {
		bySerial[p.Serial] = append(bySerial[p.Serial], p)
	}
	for _, of := range bySerial {
		all = appendConflicts(all, distinct(of), window.Milliseconds())
	}
	sortConflicts(all)
	return all
}

// distinct returns the passages of one serial, each once.
func distinct(passages []Passage) []Passage {
	known := make(map[identity]Passage, len(passages))
	for _, p := range passages {
		id := identityOf(&p)
		if q, again := known[id]; again {
			p = joined(p, q)
		}
		known[id] = p
	}
	all := make([]Passage, 0, len(known))
	for _, p := range known {
		all = append(all, p)
	}
	return all
}

// ChangeGenerations makes an empty generation the current one, as Turn does when the window is over.
func (t *Table) ChangeGenerations() {
	t.turning.Lock()
	defer t.turning.Unlock()
	t.change()
}

// TurnSpan is how long a generation is the current one, ms.
func (t *Table) TurnSpan() int64 { return t.window + slack }

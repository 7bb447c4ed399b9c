package revocation

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/railgate/railgate/tokens"
)

// A replica keeps the signed batches that its keyring was made of: announcements,
// cut-offs and rescues. A snapshot holds these batches in place of keys, so that who
// can write the file still cannot plant a key, a cut-off or a rescue.

// ErrSnapshotKeys says that a snapshot's keys are not signed by the authority.
var ErrSnapshotKeys = errors.New("revocation: the keys in the snapshot do not verify under the pinned authority")

// keep keeps a verified batch that changed the keyring; r.mu is held.
func (r *Replica) keep(raw []byte) { r.proofs = append(r.proofs, bytes.Clone(raw)) }

// dropProofs drops batches that only rescue credentials whose days are over at past,
// Unix seconds; r.mu is held.
func (r *Replica) dropProofs(past int64) {
	kept := r.proofs[:0:0]
	for _, raw := range r.proofs {
		b, err := parse(raw)
		if err != nil {
			panic("BUG: a batch that was taken does not parse: " + err.Error())
		}
		if lasts(b, past) {
			kept = append(kept, raw)
		}
	}
	r.proofs = kept
}

func lasts(b *Batch, past int64) bool {
	for _, r := range b.Records() {
		switch r.Kind {
		case KindAnnounceKey, KindRetireKey:
			return true
		case KindExempt:
			if past < tokens.DayOver(r.Serial.Day) {
				return true
			}
		}
	}
	return false
}

// openProofs verifies kept batches under the authority, together.
func openProofs(proofs [][]byte, authority *Authority) ([]*Batch, error) {
	messages := make([]message, len(proofs))
	batches := make([]*Batch, len(proofs))
	for first := 0; first < len(proofs); first += VerifyChunk {
		var sealed []*message
		for i := first; i < min(first+VerifyChunk, len(proofs)); i++ {
			messages[i] = read(proofs[i])
			if messages[i].sealed() {
				sealed = append(sealed, &messages[i])
			}
		}
		authority.verifyAll(sealed)
	}
	for i := range messages {
		if err := authority.open(&messages[i]); err != nil {
			return nil, fmt.Errorf("%w: batch %d of %d: %w", ErrSnapshotKeys, i+1, len(messages), err)
		}
		batches[i] = messages[i].batch
	}
	return batches, nil
}

// Keys are the snapshot's keys by id, made of the batches that announced them, each
// verified under the authority.
func (s *Snapshot) Keys(authority *Authority) ([]tokens.Key, error) {
	batches, err := openProofs(s.Proofs, authority)
	if err != nil {
		return nil, err
	}
	ring := NewKeyring()
	ring.take(batches)
	return ring.all(), nil
}

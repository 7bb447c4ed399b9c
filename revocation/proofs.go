package revocation

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/railgate/railgate/tokens"
)

// A replica keeps the signed batches that its keys were built from: announcements, cutoffs and exemptions of
// issuer keys, announcements and withdrawals of gateways. A snapshot contains these batches instead of keys,
// so that write access to the file is not enough to add a key, a cutoff or an exemption.

// ErrSnapshotKeys means that the authority did not sign a snapshot's keys.
var ErrSnapshotKeys = errors.New("revocation: the keys in the snapshot do not verify under the pinned authority")

// keepProof stores a verified batch that changed the keys; r.mu is held.
func (r *Replica) keepProof(raw []byte) { r.proofs = append(r.proofs, bytes.Clone(raw)) }

// dropProofs drops batches that only exempt credentials whose days are over at past, Unix seconds; r.mu is
// held.
func (r *Replica) dropProofs(past int64) {
	kept := r.proofs[:0:0]
	for _, raw := range r.proofs {
		if lasts(mustParse(raw), past) {
			kept = append(kept, raw)
		}
	}
	r.proofs = kept
}

// mustParse parses a control batch that was accepted before.
func mustParse(raw []byte) *Batch {
	b, err := parse(raw, Control)
	if err != nil {
		panic("BUG: an accepted batch does not parse: " + err.Error())
	}
	return b
}

func lasts(b *Batch, past int64) bool {
	for _, r := range b.Records() {
		switch r.Kind {
		case KindAnnounceKey, KindRetireKey, KindAnnounceGateway, KindWithdrawGateway:
			return true
		case KindExempt:
			if past < tokens.DayOver(r.Serial.Day) {
				return true
			}
		}
	}
	return false
}

// openProofs verifies batches under the authority, many at a time.
func openProofs(proofs [][]byte, authority *Authority) ([]*Batch, error) {
	messages := make([]message, len(proofs))
	batches := make([]*Batch, len(proofs))
	for first := 0; first < len(proofs); first += VerifyChunk {
		var sealed []*message
		for i := first; i < min(first+VerifyChunk, len(proofs)); i++ {
			messages[i] = readMessage(proofs[i], Control)
			if messages[i].hasEnvelope() {
				sealed = append(sealed, &messages[i])
			}
		}
		authority.verifyAll(sealed)
	}
	for i := range messages {
		if err := authority.verifyMessage(&messages[i]); err != nil {
			return nil, fmt.Errorf("%w: batch %d of %d: %w", ErrSnapshotKeys, i+1, len(messages), err)
		}
		batches[i] = messages[i].batch
	}
	return batches, nil
}

// Keys returns the snapshot's keys by id. They are built from the batches that announced them, each verified
// under the authority.
func (s *Snapshot) Keys(authority *Authority) ([]tokens.Key, error) {
	batches, err := openProofs(s.Proofs, authority)
	if err != nil {
		return nil, err
	}
	ring := NewKeyring()
	ring.applyBatches(batches)
	return ring.all(), nil
}

// Gateways returns the snapshot's gateways by id, built like [Snapshot.Keys].
func (s *Snapshot) Gateways(authority *Authority) ([]AnnouncedGateway, error) {
	batches, err := openProofs(s.Proofs, authority)
	if err != nil {
		return nil, err
	}
	var all gateways
	all.applyBatches(batches)
	return all.all(), nil
}

package bundle

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
)

const (
	// maxIssuerKeys and maxGateways are the bounds that gateways have, see package revocation.
	maxIssuerKeys = 256
	maxGateways   = revocation.MaxGateways
)

// Keys are the issuer keys and the gateways' keys that the authority announced, with what it retired and
// withdrew. They are built from its signed batches alone, so the party that passed the batches on can omit
// keys and can add none.
type Keys struct {
	issuer   map[tokens.KeyID]tokens.Key
	gateways map[revocation.GatewayID]revocation.GatewayKey
	proofs   []revocation.Proof // signed batches that said something about keys, by compareProofs
}

// compareProofs orders batches as the authority issued them.
func compareProofs(a, b revocation.Proof) int {
	return cmp.Or(cmp.Compare(a.Batch.IssuedAt, b.Batch.IssuedAt), cmp.Compare(a.Batch.Epoch, b.Batch.Epoch),
		cmp.Compare(a.Batch.Partition, b.Batch.Partition), cmp.Compare(a.Batch.First, b.Batch.First), bytes.Compare(a.Raw, b.Raw))
}

// ErrProof means that the authority did not sign a batch about keys, or that it is not a control batch.
var ErrProof = errors.New("bundle: a batch about keys does not verify under the pinned authority")

// OpenKeys verifies signed batches of the control stream and returns the keys that they announce. The batches
// may have any order and may contain other records, which are ignored. The result refers to proofs.
func OpenKeys(proofs [][]byte, authority *revocation.Authority) (*Keys, error) {
	return new(Keys).With(proofs, authority)
}

// With returns the keys together with those of further batches. Neither k nor its batches change.
func (k *Keys) With(proofs [][]byte, authority *revocation.Authority) (*Keys, error) {
	opened, err := openProofs(proofs, authority)
	if err != nil {
		return nil, err
	}
	return k.with(opened), nil
}

func openProofs(proofs [][]byte, authority *revocation.Authority) (opened []revocation.Proof, err error) {
	for i, raw := range proofs {
		b, err := revocation.OpenBatch(raw, authority)
		if err != nil {
			return nil, fmt.Errorf("%w: batch %d of %d: %w", ErrProof, i+1, len(proofs), err)
		}
		opened = append(opened, revocation.Proof{Raw: raw, Batch: b})
	}
	return opened, nil
}

// inOrder reports whether all batches are about keys and in the order of compareProofs, each once.
func inOrder(proofs []revocation.Proof) bool {
	for i, p := range proofs {
		if !isAboutKeys(p.Batch) || i > 0 && compareProofs(proofs[i-1], p) >= 0 {
			return false
		}
	}
	return true
}

// with is With for verified batches.
func (k *Keys) with(proofs []revocation.Proof) *Keys {
	all := slices.Clone(k.proofs)
	for _, p := range proofs {
		if at, there := slices.BinarySearchFunc(all, p, compareProofs); !there && isAboutKeys(p.Batch) {
			all = slices.Insert(all, at, p)
		}
	}
	joined := &Keys{map[tokens.KeyID]tokens.Key{}, map[revocation.GatewayID]revocation.GatewayKey{}, all}
	for _, p := range all {
		joined.announce(p.Batch)
	}
	for _, p := range all {
		joined.retire(p.Batch)
	}
	return joined
}

// isAboutKeys reports whether the batch announces, retires or withdraws a key.
func isAboutKeys(b *revocation.Batch) bool {
	for _, r := range b.Records() {
		switch r.Kind {
		case revocation.KindAnnounceKey, revocation.KindRetireKey, revocation.KindAnnounceGateway, revocation.KindWithdrawGateway:
			return true
		}
	}
	return false
}

// ProofsFor selects the batches that a bundle of a gateway contains, in their order: all about issuer keys and
// withdrawals, and the announcement of this gateway. For a delta they are those issued at since or later, Unix ms,
// and the announcement. announced is false if there is no announcement.
func ProofsFor(id revocation.GatewayID, since int64, all []revocation.Proof) (proofs [][]byte, announced bool) {
	var selected []revocation.Proof
	for _, p := range all {
		own, other := false, false
		for _, r := range p.Batch.Records() {
			switch r.Kind {
			case revocation.KindAnnounceGateway:
				own = own || r.Gateway == id
			case revocation.KindAnnounceKey, revocation.KindRetireKey, revocation.KindWithdrawGateway:
				other = true
			}
		}
		announced = announced || own
		if own || other && p.Batch.IssuedAt >= since {
			selected = append(selected, p)
		}
	}
	slices.SortFunc(selected, compareProofs)
	for _, p := range slices.CompactFunc(selected, func(a, b revocation.Proof) bool { return compareProofs(a, b) == 0 }) {
		proofs = append(proofs, p.Raw)
	}
	return proofs, announced
}

// announce binds ids to keys. As at a gateway an id keeps its first key, and weak keys are refused.
func (k *Keys) announce(b *revocation.Batch) {
	for _, r := range b.Records() {
		switch r.Kind {
		case revocation.KindAnnounceKey:
			if _, bound := k.issuer[r.Key]; !bound && len(k.issuer) < maxIssuerKeys && tokens.CheckPublicKey(r.Public) == nil {
				k.issuer[r.Key] = tokens.Key{ID: r.Key, Public: r.Public, Cutoff: tokens.Never}
			}
		case revocation.KindAnnounceGateway:
			if _, bound := k.gateways[r.Gateway]; !bound && len(k.gateways) < maxGateways && tokens.CheckPublicKey(r.Public) == nil {
				k.gateways[r.Gateway] = revocation.GatewayKey{Public: r.Public, Cutoff: tokens.Never}
			}
		}
	}
}

// retire moves cutoffs, never to a later time.
func (k *Keys) retire(b *revocation.Batch) {
	for _, r := range b.Records() {
		switch r.Kind {
		case revocation.KindRetireKey:
			if key, ok := k.issuer[r.Key]; ok {
				key.Cutoff = min(key.Cutoff, r.Cutoff)
				k.issuer[r.Key] = key
			}
		case revocation.KindWithdrawGateway:
			if key, ok := k.gateways[r.Gateway]; ok {
				key.Cutoff = min(key.Cutoff, r.Cutoff)
				k.gateways[r.Gateway] = key
			}
		}
	}
}

// Gateway returns the key of a gateway; ok is false if no batch announced it.
func (k *Keys) Gateway(id revocation.GatewayID) (key revocation.GatewayKey, ok bool) {
	key, ok = k.gateways[id]
	return key, ok
}

var (
	_ GatewayKeys = (*Keys)(nil)
	_ GatewayKeys = (*revocation.Replica)(nil)
)

// Issuer returns the issuer keys by id, without exempt credentials.
func (k *Keys) Issuer() []tokens.Key {
	list := make([]tokens.Key, 0, len(k.issuer))
	for _, key := range k.issuer {
		list = append(list, key)
	}
	slices.SortFunc(list, func(a, b tokens.Key) int { return cmp.Compare(a.ID, b.ID) })
	return list
}

// Gateways returns the ids of the announced gateways, withdrawn ones included, in order.
func (k *Keys) Gateways() []revocation.GatewayID {
	list := make([]revocation.GatewayID, 0, len(k.gateways))
	for id := range k.gateways {
		list = append(list, id)
	}
	slices.Sort(list)
	return list
}

// Proofs returns the signed batches in the order in which the authority issued them.
func (k *Keys) Proofs() [][]byte {
	list := make([][]byte, len(k.proofs))
	for i, p := range k.proofs {
		list[i] = p.Raw
	}
	return list
}

// NewestMS returns the date of the newest batch, Unix ms; 0: there is none. A key that was withdrawn later
// still looks valid.
func (k *Keys) NewestMS() int64 {
	if len(k.proofs) == 0 {
		return 0
	}
	return k.proofs[len(k.proofs)-1].Batch.IssuedAt
}

package revocation

import (
	"bytes"
	"crypto/ed25519"
	"sync/atomic"

	"github.com/railgate/railgate/tokens"
)

// MaxGateways bounds the gateways that a replica stores, withdrawn ones included: three for each of 3,000
// stations, and room for replacements. An announcement beyond it is counted and ignored.
const MaxGateways = 10_000

// GatewayKey is the key that the authority announced for a gateway.
type GatewayKey struct {
	Public [ed25519.PublicKeySize]byte
	Cutoff int64 // Unix seconds: what the gateway dates at or after it is refused; tokens.Never: not withdrawn
}

// gateways contains the announced keys of gateways. key takes no lock; Replica.mu guards changes. Entries are
// immutable, and ids are dense numbers, so a change replaces one entry and copies nothing.
type gateways struct {
	pages [256]atomic.Pointer[gatewayPage] // by the high byte of the id
	count int
	most  int // gateways; 0: MaxGateways
}

type gatewayPage [256]atomic.Pointer[GatewayKey]

// gatewayBytes is approximately the memory of one entry.
const gatewayBytes = 64

// key returns the gateway's key, or nil.
func (g *gateways) key(id GatewayID) *GatewayKey {
	page := g.pages[id>>8].Load()
	if page == nil {
		return nil
	}
	return page[id&255].Load()
}

// announce binds an id to a key. A bound id keeps its key, so that a verified signature never changes its
// meaning. ok is false for another key, a weak key, and a gateway for which there is no room.
func (g *gateways) announce(id GatewayID, public [ed25519.PublicKeySize]byte) (changed, ok bool) {
	if bound := g.key(id); bound != nil {
		return false, bound.Public == public
	}
	most := g.most
	if most == 0 {
		most = MaxGateways
	}
	if g.count >= most || tokens.CheckPublicKey(public) != nil { // weak: anyone could forge its signatures
		return false, false
	}
	page := g.pages[id>>8].Load()
	if page == nil {
		page = new(gatewayPage)
		g.pages[id>>8].Store(page)
	}
	page[id&255].Store(&GatewayKey{Public: public, Cutoff: tokens.Never})
	g.count++
	return true, true
}

// withdraw moves a gateway's cutoff, never to a later time. ok is false if the gateway was never announced.
func (g *gateways) withdraw(id GatewayID, cutoff int64) (changed, ok bool) {
	bound := g.key(id)
	if bound == nil || cutoff >= bound.Cutoff {
		return false, bound != nil
	}
	g.pages[id>>8].Load()[id&255].Store(&GatewayKey{Public: bound.Public, Cutoff: cutoff})
	return true, true
}

// AnnouncedGateway is a gateway with its key.
type AnnouncedGateway struct {
	ID GatewayID
	GatewayKey
}

// all returns the gateways by id.
func (g *gateways) all() (list []AnnouncedGateway) {
	for id := range 1 << 16 {
		if key := g.key(GatewayID(id)); key != nil {
			list = append(list, AnnouncedGateway{GatewayID(id), *key})
		}
	}
	return list
}

// applyBatches applies the records about gateways in batches, in order. The batches are verified.
func (g *gateways) applyBatches(batches []*Batch) {
	for _, b := range batches {
		for _, r := range b.Records() {
			switch r.Kind {
			case KindAnnounceGateway:
				g.announce(r.Gateway, r.Public)
			case KindWithdrawGateway:
				g.withdraw(r.Gateway, r.Cutoff)
			}
		}
	}
}

// Gateway returns the key of a gateway; ok is false if the stream announced none. A withdrawn gateway has a
// cutoff. It takes no lock.
func (r *Replica) Gateway(id GatewayID) (key GatewayKey, ok bool) {
	bound := r.gateways.key(id)
	if bound == nil {
		return GatewayKey{}, false
	}
	return *bound, true
}

// GatewayProof returns a copy of the shortest stored batch in which the authority announced the gateway's
// key, or nil. It parses all stored batches, so it is not for every request.
func (r *Replica) GatewayProof(id GatewayID) []byte {
	key, ok := r.Gateway(id)
	if !ok {
		return nil
	}
	r.mu.Lock()
	proofs := r.proofs // batches are appended or the slice is replaced, so its elements do not change
	r.mu.Unlock()
	var shortest []byte
	for _, raw := range proofs {
		if (shortest == nil || len(raw) < len(shortest)) && announces(mustParse(raw), id, key.Public) {
			shortest = raw
		}
	}
	return bytes.Clone(shortest)
}

func announces(b *Batch, id GatewayID, public [ed25519.PublicKeySize]byte) bool {
	for _, r := range b.Records() {
		if r.Kind == KindAnnounceGateway && r.Gateway == id && r.Public == public {
			return true
		}
	}
	return false
}

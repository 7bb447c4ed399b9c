package revocation_test

import (
	"bytes"
	"testing"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/revocationtest"
	"github.com/railgate/railgate/tokens"
)

func withdraw(id revocation.GatewayID, cutoff int64) revocation.Record {
	return revocation.Record{Kind: revocation.KindWithdrawGateway, Gateway: id, Cutoff: cutoff}
}

// An id keeps the key that it was first bound to, weak keys bind nothing, and a cutoff only moves to an
// earlier time.
func TestGatewaysAreBoundOnce(t *testing.T) {
	f := revocationtest.NewFeed(start)
	if _, ok := f.Replica.Gateway(0); ok {
		t.Fatal("a gateway that was never announced has a key")
	}
	_, announce := revocationtest.Gateway(0)
	_, other := revocationtest.Gateway(1)
	other.Gateway = 0
	weak := revocation.Record{Kind: revocation.KindAnnounceGateway, Gateway: 65535, Public: [32]byte{1}}
	f.Apply(start, withdraw(0, 7), announce, other, announce, weak)
	if k, ok := f.Replica.Gateway(0); !ok || k.Public != announce.Public || k.Cutoff != tokens.Never {
		t.Fatalf("gateway 0 is %+v", k)
	}
	if _, ok := f.Replica.Gateway(65535); ok {
		t.Fatal("a weak key is bound")
	}
	f.Announce(start, 65535) // the weak key took no id
	f.Apply(start, withdraw(0, 500), withdraw(0, 900), withdraw(0, 500), withdraw(0, 0), withdraw(9, 5))
	if k, ok := f.Replica.Gateway(0); !ok || k.Public != announce.Public || k.Cutoff != 0 {
		t.Fatalf("after its withdrawal gateway 0 is %+v", k)
	}
	s := f.Replica.Status(start)
	if s.Gateways != 2 || s.Counts.Gateways != 4 || s.Counts.GatewayRefused != 4 || s.Counts.KeyClash != 0 {
		t.Fatalf("%d gateways; counted %d, refused %d", s.Gateways, s.Counts.Gateways, s.Counts.GatewayRefused)
	}
}

func TestGatewaysAreBounded(t *testing.T) {
	f := revocationtest.NewFeed(start)
	revocation.SetMostGateways(f.Replica, 2)
	f.Announce(start, 5, 700, 6, 5)
	f.Apply(start, withdraw(700, 3))
	if _, ok := f.Replica.Gateway(6); ok {
		t.Fatal("one more than the limit")
	}
	if k, ok := f.Replica.Gateway(700); !ok || k.Cutoff != 3 {
		t.Fatal("a full set does not withdraw")
	}
	if s := f.Replica.Status(start); s.Gateways != 2 || s.Counts.GatewayRefused != 1 {
		t.Fatalf("%d gateways, %d refused", s.Gateways, s.Counts.GatewayRefused)
	}
}

// The proof of a gateway is the shortest signed batch that announced its key.
func TestGatewayProofIsTheShortestBatch(t *testing.T) {
	f := revocationtest.NewFeed(start)
	_, four := revocationtest.Gateway(4)
	_, five := revocationtest.Gateway(5)
	_, six := revocationtest.Gateway(6)
	clash := six
	clash.Gateway = 4
	f.Apply(start, four, revoke(indexed(1)), revoke(indexed(2)), revoke(indexed(3)), revoke(indexed(4)), revoke(indexed(5)))
	f.Apply(start, clash, six)                   // stored because of gateway 6, and no proof of gateway 4
	f.Apply(start, five, four, revoke(serial))   // stored because of gateway 5, and a shorter proof of gateway 4
	f.Apply(start, four, forgive(serial, start)) // changes no key and is not stored
	if f.Replica.GatewayProof(7) != nil {
		t.Error("a proof of a gateway that was never announced")
	}
	proof := f.Replica.GatewayProof(4)
	b, err := revocation.OpenBatch(proof, revocationtest.Pinned())
	if err != nil || b.First != 9 || b.Len() != 3 {
		t.Fatalf("the proof is %+v, %v", b, err)
	}
	proof[0] ^= 1
	if bytes.Equal(f.Replica.GatewayProof(4), proof) {
		t.Error("a caller can change the stored batch")
	}
}

// Gateways come back from the signed batches of a snapshot, and these are kept for ever.
func TestSnapshotKeepsGateways(t *testing.T) {
	f := revocationtest.NewFeed(start)
	f.Announce(start, 4, 5)
	f.Apply(start, withdraw(5, 77))
	over := tokens.DayOver(serial.Day)*1000 + 2*revocation.Afterlife.Milliseconds()
	f.Apply(over)
	f.Replica.Forget(over)
	s, ok := f.Replica.Snapshot("t", over)
	if !ok {
		t.Fatal("no snapshot")
	}
	back, err := revocation.DecodeSnapshot(s.Encode())
	if err != nil {
		t.Fatal(err)
	}
	r := newHarness(t, 1)
	if err := r.Restore(back, "t", over); err != nil {
		t.Fatal(err)
	}
	for _, id := range []revocation.GatewayID{4, 5, 6} {
		is, there := r.Gateway(id)
		if was, ok := f.Replica.Gateway(id); is != was || there != ok {
			t.Errorf("gateway %d is %+v, was %+v", id, is, was)
		}
		if !bytes.Equal(r.GatewayProof(id), f.Replica.GatewayProof(id)) {
			t.Errorf("gateway %d has another proof", id)
		}
	}
}

// Package bundletest makes gateways, bundles and receipts for tests, vectors and the demo. Its keys are derived
// from small numbers and are not secret. An import test keeps it out of gateway and issuer.
package bundletest

import (
	"crypto/ed25519"
	"fmt"
	"sync"

	"github.com/railgate/railgate/booking"
	"github.com/railgate/railgate/bundle"
	"github.com/railgate/railgate/passage"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/revocationtest"
	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/tokentest"
)

// At is a fixed time for tests, Unix ms: 2026-02-10 08:00:00 Beijing time.
const At = int64(tokentest.Epoch) * 1000

// Gate is a gateway with a key of its own.
type Gate struct {
	id  revocation.GatewayID
	key ed25519.PrivateKey
}

// NewGate derives a gateway from its id. The same id gives the same key.
func NewGate(id revocation.GatewayID) Gate {
	seed := [ed25519.SeedSize]byte{'g', byte(id >> 8), byte(id)}
	return Gate{id, ed25519.NewKeyFromSeed(seed[:])}
}

// ID returns the id of the gateway.
func (g Gate) ID() revocation.GatewayID { return g.id }

// Sign signs a message.
func (g Gate) Sign(message []byte) [ed25519.SignatureSize]byte {
	return [ed25519.SignatureSize]byte(ed25519.Sign(g.key, message))
}

// Public returns the public key.
func (g Gate) Public() [ed25519.PublicKeySize]byte {
	return [ed25519.PublicKeySize]byte(g.key.Public().(ed25519.PublicKey))
}

// Announced returns the record that announces the gateway.
func (g Gate) Announced() revocation.Record {
	return revocation.Record{Kind: revocation.KindAnnounceGateway, At: At, Gateway: g.id, Public: g.Public()}
}

// Withdrawn returns the record that withdraws it at a time, Unix seconds.
func (g Gate) Withdrawn(cutoff int64) revocation.Record {
	return revocation.Record{Kind: revocation.KindWithdrawGateway, At: At, Gateway: g.id, Cutoff: cutoff}
}

// Issuer signs the codes of the sample.
var Issuer = sync.OnceValue(func() tokentest.Issuer { return tokentest.NewIssuer(1) })

// Proof returns a signed batch with records of the authority, the number-th of the log.
func Proof(number uint64, records ...revocation.Record) []byte {
	return revocationtest.Seal(revocation.Batch{Epoch: 1, First: number, IssuedAt: At + int64(number)}, records...)
}

// Keys returns the batches that announce the issuer's key and a gateway.
func Keys(g Gate) [][]byte {
	key := Issuer().Key()
	return [][]byte{
		Proof(1, revocation.Record{Kind: revocation.KindAnnounceKey, At: At, Key: key.ID, Public: key.Public}),
		Proof(2, g.Announced()),
	}
}

// Device and Station are the device of the sample and where it is.
const (
	Device  = "handheld-3"
	Station = "北京南"
	Train   = "G101"
)

// Policy returns a policy in which everything is on.
func Policy() *bundle.Policy {
	return &bundle.Policy{Device: Device, Station: Station, Scopes: tokens.AllScopes, StaleAfter: 600, ExpiredAfter: 6 * 3600,
		Stale: bundle.Flag, Expired: bundle.Deny, Doubted: bundle.Flag,
		Passback: bundle.Enforce, Window: 125, PassbackLocal: bundle.Serve, PassbackUnknown: bundle.Flag,
		Ticket: bundle.Enforce, Opens: 7200, TicketUnknown: bundle.Flag}
}

// Session returns an open session of the issuer that started a minute before At.
func Session(index uint32) tokentest.Session { return Issuer().Open(index, At/1000-60) }

// Code returns the text of a session's code at a time, Unix ms.
func Code(s tokentest.Session, atMS int64) []byte {
	step := uint8((atMS/1000 - s.Fields.Start) / tokens.Period)
	token := tokens.Assemble(&s.Pass, step, s.Links[step])
	return token.AppendText(nil)
}

// Booking returns the booking of a session's holder on a train from the station, an hour after At.
func Booking(s tokentest.Session, train string) string {
	b := booking.Booking{Ticket: uint64(s.Fields.Serial.Index), Day: s.Fields.Serial.Day, Subject: s.Fields.Subject,
		From: revocation.StationOf(Station), To: revocation.StationOf("上海虹桥"), Train: train,
		Departs: At/1000 + 3600, Arrives: At/1000 + 5*3600, Coach: "05", Seat: fmt.Sprintf("%dF", s.Fields.Serial.Index)}
	if err := b.Check(); err != nil {
		panic("bundletest: " + err.Error())
	}
	return string(b.Append(nil))
}

// Sample returns content with every section that a full bundle can have. Of the sessions 1 to 9: 1 is revoked,
// 2 has a cutoff, 3 is closed, 4 has passed, 5 has passed and is forgiven; 1 to 6 have tickets.
func Sample(g Gate) *bundle.Content {
	c := &bundle.Content{Proofs: Keys(g), Policy: Policy(), Revoked: revocation.NewSet(), Exempt: map[tokens.KeyID]*revocation.Set{Issuer().ID: revocation.NewSet()}}
	serial := func(index uint32) tokens.Serial { return Session(index).Fields.Serial }
	c.Revoked.Add(serial(1))
	c.Exempt[Issuer().ID].Add(serial(9))
	c.Cutoffs = []bundle.Cutoff{{Subject: Session(2).Fields.Subject, Before: At / 1000}}
	c.Closed = []bundle.Session{{Serial: serial(3), Start: Session(3).Fields.Start}}
	c.Forgiven = []revocation.ForgivenSerial{{Serial: serial(5), Until: At - 1000}}
	c.Amnesties = []revocation.Amnesty{{Scopes: tokens.Scopes(tokens.Exit), Station: revocation.StationOf(Station), From: At / 1000, Until: At/1000 + 3600}}
	c.Passages = &bundle.Passages{SinceMS: At - 120_000, Reach: passage.Exact, List: []bundle.Passage{
		{Serial: serial(4), Way: passage.In, Step: 0, AtMS: At - 20_000}, {Serial: serial(5), Way: passage.In, Step: 0, AtMS: At - 20_000}}}
	c.Bookings = &bundle.Bookings{Train: Train, WatermarkMS: At, Whole: true}
	for i := range uint32(6) {
		c.Bookings.Bodies = append(c.Bookings.Bodies, Booking(Session(i+1), Train))
	}
	return c
}

// Head returns the head of a bundle that is as fresh as its making, Unix ms.
func Head(madeMS int64) bundle.Head {
	return bundle.Head{Authority: revocationtest.Pinned().ID(), Epoch: 1, MadeMS: madeMS, WatermarkMS: madeMS - 500}
}

// Sign returns the bytes of a bundle. It panics if the content cannot be written.
func Sign(h bundle.Head, c *bundle.Content, g Gate) []byte {
	s, err := bundle.Encode(c)
	if err != nil {
		panic("bundletest: " + err.Error())
	}
	d, err := bundle.Sign(h, s, g)
	if err != nil {
		panic("bundletest: " + err.Error())
	}
	return d.Bytes()
}

// Package revocationtest provides the issuer's side of the control stream for tests, benchmarks and the demo:
// signed batches without a broker, and an outbox without a database. An import test keeps it out of gateway
// and issuer.
package revocationtest

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"sync"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/signing"
)

// Authority is the authority key of every test; it is not secret.
var Authority = signing.NewKey([signing.SeedSize]byte{'a', 'u', 't', 'h'})

// Pinned returns its public half as a gateway pins it.
var Pinned = sync.OnceValue(func() *revocation.Authority {
	a, err := revocation.NewAuthority(Authority.Public())
	if err != nil {
		panic("revocationtest: " + err.Error())
	}
	return a
})

// Seal signs a batch like the publisher. It panics on records that cannot be encoded.
func Seal(b revocation.Batch, records ...revocation.Record) []byte {
	message, err := b.Encode(Pinned().ID(), records)
	if err != nil {
		panic("revocationtest: " + err.Error())
	}
	return sign(message)
}

// SealUnknown signs a batch of one record of a kind that no gateway knows.
func SealUnknown(b revocation.Batch, kind byte) []byte {
	message, err := b.Encode(Pinned().ID(), nil)
	if err != nil {
		panic("revocationtest: " + err.Error())
	}
	message[countOffset] = 1
	return sign(append(message, kind, 3, 'n', 'e', 'w'))
}

// SealVersion signs a batch of another version of the format; only the envelope of its content is defined.
func SealVersion(version byte, content []byte) []byte {
	id := Pinned().ID()
	return sign(slices.Concat([]byte{'R', 'G', 'C', version}, id[:], content))
}

// SealMessage signs any bytes; they need not be a batch.
func SealMessage(message []byte) []byte { return sign(slices.Clone(message)) }

// countOffset is the offset of the low byte of a batch's count.
const countOffset = 19

func sign(message []byte) []byte {
	signature, err := Authority.Sign(message)
	if err != nil {
		panic("revocationtest: " + err.Error())
	}
	return append(message, signature[:]...)
}

// Feed applies records directly to a replica of one partition.
type Feed struct {
	Replica *revocation.Replica
	domain  revocation.Domain
	next    uint64
	offset  int64
}

// NewFeed returns a feed whose replica is ready and has the given keys, as of now (Unix ms).
func NewFeed(now int64, keys ...tokens.Key) *Feed {
	f := newFeed(now, revocation.Control)
	var records []revocation.Record
	for _, k := range keys {
		records = append(records, revocation.Record{Kind: revocation.KindAnnounceKey, At: now, Key: k.ID, Public: k.Public})
		if k.Cutoff != tokens.Never {
			records = append(records, revocation.Record{Kind: revocation.KindRetireKey, At: now, Key: k.ID, Cutoff: k.Cutoff})
		}
	}
	f.Apply(now, records...)
	return f
}

// NewBookingsFeed returns a feed of the domain Bookings whose replica is ready as of now (Unix ms) and passes
// its bookings to the sink.
func NewBookingsFeed(now int64, sink revocation.BookingSink) *Feed {
	f := newFeed(now, revocation.Bookings)
	f.Replica.Bookings = sink
	f.Apply(now)
	return f
}

func newFeed(now int64, d revocation.Domain) *Feed {
	r, err := revocation.NewReplica(Pinned().In(d), 1, revocation.Limits{}, now-1)
	if err != nil {
		panic("revocationtest: " + err.Error())
	}
	r.SetTargetOffset(0, 0)
	return &Feed{Replica: r, domain: d, next: 1}
}

// Apply sends records, or a heartbeat if there are none, and panics unless the replica applies them.
func (f *Feed) Apply(now int64, records ...revocation.Record) {
	b := revocation.Batch{Domain: f.domain, Epoch: 1, First: f.next, IssuedAt: now, Through: now}
	if o := f.Replica.Apply(0, Seal(b, records...), now); o != revocation.Applied {
		panic(fmt.Sprintf("revocationtest: the replica answered %s", o))
	}
	f.next += uint64(len(records))
	f.offset++
	f.Replica.SetPosition(0, f.offset)
}

// Revoke sends one revocation.
func (f *Feed) Revoke(now int64, serial tokens.Serial) {
	f.Apply(now, revocation.Record{Kind: revocation.KindRevoke, At: now, Serial: serial})
}

// Close sends the closing of one session.
func (f *Feed) Close(now int64, p tokens.Pass) {
	f.Apply(now, revocation.Record{Kind: revocation.KindRevokeSession, At: now, Serial: p.Serial, Start: p.Start})
}

// SealSnapshot appends the checksum to the body of a snapshot.
func SealSnapshot(body []byte) []byte {
	sum := sha256.Sum256(body)
	return append(append([]byte(nil), body...), sum[:]...)
}

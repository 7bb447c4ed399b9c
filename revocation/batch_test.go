package revocation_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/revocationtest"
	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/signing"
)

var all = []revocation.Record{
	{Kind: revocation.KindAnnounceKey, At: 1, Key: 7, Public: [32]byte{1, 2, 3}},
	{Kind: revocation.KindRevoke, At: 2, Serial: tokens.Serial{Day: 20494, Index: 5}},
	{Kind: revocation.KindUnrevoke, At: 3, Serial: tokens.Serial{Day: 20494, Index: 5}},
	{Kind: revocation.KindRetireKey, At: 4, Key: 7, Cutoff: 1770681600},
	{Kind: revocation.KindExempt, At: 5, Key: 7, Serial: tokens.Serial{Day: 65535, Index: 1<<32 - 1}},
	{Kind: revocation.KindRevokeSubject, At: 6, Subject: tokens.Subject{1, 2, 3, 4, 5, 6, 7, 8}, Cutoff: 1<<32 - 1},
	{Kind: revocation.KindRevokeSession, At: 1<<63 - 1, Serial: tokens.Serial{Day: 20494, Index: 5}, Start: 1<<32 - 1},
	{Kind: revocation.KindAnnounceGateway, At: 7, Gateway: 65535, Public: [32]byte{1, 2, 3}},
	{Kind: revocation.KindWithdrawGateway, At: 8, Gateway: 258, Cutoff: 1<<32 - 2},
	{Kind: revocation.KindForgive, At: 9, Serial: tokens.Serial{Day: 20494, Index: 1<<32 - 2}},
	{Kind: revocation.KindAmnesty, At: 10, Scopes: 0x81, Station: revocation.Station{1, 2, 3, 4, 5, 6, 7, 8}, From: 1<<32 - 3, Until: 1<<32 - 1},
	{Kind: revocation.KindEndAmnesty, At: 11, Scopes: 0x81, Station: revocation.Station{1, 2, 3, 4, 5, 6, 7, 8}, From: 1<<32 - 3, Until: 1<<32 - 1, Cutoff: 1<<32 - 2},
}

// bookings are records of the domain Bookings.
var bookings = []revocation.Record{book("b", 11), book("\x00\xff", 1<<63-1)}

// recordsOf are records of every kind of a domain.
var recordsOf = map[revocation.Domain][]revocation.Record{revocation.Control: all, revocation.Bookings: bookings}

func TestBatchKeepsEveryField(t *testing.T) {
	for d, records := range recordsOf {
		in := revocation.Batch{Domain: d, Epoch: 9, Partition: 2, First: 11, IssuedAt: 1000, Through: 900}
		b, err := revocation.OpenBatch(revocationtest.Seal(in, records...), revocationtest.Pinned().In(d))
		if err != nil {
			t.Fatal(err)
		}
		if b.Domain != d || b.Epoch != 9 || b.Partition != 2 || b.First != 11 || b.IssuedAt != 1000 || b.Through != 900 || b.Len() != len(records) {
			t.Fatalf("the decoded header is %+v", b)
		}
		i := 0
		for seq, r := range b.Records() {
			if seq != 11+uint64(i) || r != records[i] {
				t.Errorf("record %d decoded as number %d: %+v", i, seq, r)
			}
			i++
		}
	}
}

// No byte of a signed batch can be changed, removed or added.
func TestBatchIsAcceptedWholeOrNotAtAll(t *testing.T) {
	raw := revocationtest.Seal(revocation.Batch{Epoch: 1, First: 1, IssuedAt: 5, Through: 5}, all...)
	for i := range raw {
		bad := bytes.Clone(raw)
		bad[i] ^= 0x40
		if _, err := revocation.OpenBatch(bad, revocationtest.Pinned()); err == nil {
			t.Errorf("byte %d may be changed", i)
		}
		if _, err := revocation.OpenBatch(raw[:i], revocationtest.Pinned()); err == nil {
			t.Errorf("accepted when cut to %d bytes", i)
		}
	}
	if _, err := revocation.OpenBatch(append(bytes.Clone(raw), 0), revocationtest.Pinned()); err == nil {
		t.Error("accepted with a byte more")
	}
	if _, err := revocation.OpenBatch(make([]byte, revocation.MaxBatch+1), revocationtest.Pinned()); !errors.Is(err, revocation.ErrForm) {
		t.Errorf("an oversized message gave %v", err)
	}
}

func TestRefusedBatchNamesTheReason(t *testing.T) {
	raw := revocationtest.Seal(revocation.Batch{Epoch: 1, First: 1})
	other, err := revocation.NewAuthority(signing.NewKey([32]byte{9}).Public())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := revocation.OpenBatch(raw, other); !errors.Is(err, revocation.ErrAuthority) {
		t.Errorf("another pin: %v", err)
	}
	if _, err := revocation.OpenBatch(revocationtest.SealVersion('2', []byte("new")), revocationtest.Pinned()); !errors.Is(err, revocation.ErrNewer) {
		t.Errorf("a newer version: %v", err)
	}
	forged := bytes.Clone(raw)
	forged[len(forged)-1] ^= 1
	if _, err := revocation.OpenBatch(forged, revocationtest.Pinned()); !errors.Is(err, revocation.ErrSignature) {
		t.Errorf("a forgery: %v", err)
	}
}

// The largest batch that can be encoded can also be opened.
func TestLargestBatchCanBeOpened(t *testing.T) {
	records := make([]revocation.Record, revocation.MaxRecords)
	for i := range records {
		records[i] = all[0]
	}
	raw := revocationtest.Seal(revocation.Batch{Epoch: 1, First: 1}, records...)
	if _, err := revocation.OpenBatch(raw, revocationtest.Pinned()); err != nil {
		t.Fatalf("a full batch of %d bytes: %v", len(raw), err)
	}
	if _, err := (&revocation.Batch{}).Encode([4]byte{}, append(records, all[0])); err == nil {
		t.Fatal("encoded more records than may be opened")
	}
}

func FuzzOpenBatch(f *testing.F) {
	for d, records := range recordsOf {
		f.Add(uint8(d), revocationtest.Seal(revocation.Batch{Domain: d, Epoch: 1, First: 1}, records...))
		f.Add(uint8(d), revocationtest.Seal(revocation.Batch{Domain: d, Epoch: 1, First: 1}))
		f.Add(uint8(d)^1, revocationtest.Seal(revocation.Batch{Domain: d, Epoch: 1, First: 1}, records...))
	}
	f.Fuzz(func(t *testing.T, domain uint8, raw []byte) {
		d := revocation.Domain(domain % 2)
		b, err := revocation.OpenBatch(raw, revocationtest.Pinned().In(d))
		if err != nil {
			return
		}
		var records []revocation.Record
		for _, r := range b.Records() {
			records = append(records, r)
		}
		if again := revocationtest.Seal(*b, records...); b.Domain != d || !bytes.Equal(again, raw) {
			t.Fatalf("a batch has two encodings")
		}
		if _, err := revocation.OpenBatch(raw, revocationtest.Pinned().In(1-d)); !errors.Is(err, revocation.ErrForm) {
			t.Fatalf("the batch also opens in the other domain: %v", err)
		}
	})
}

// FuzzRecords puts any bytes as records behind a genuine header and under a genuine signature: a reader
// accepts all records or none, and accepted records are encoded again to the same bytes.
func FuzzRecords(f *testing.F) {
	head := func(d revocation.Domain, records ...revocation.Record) []byte {
		return revocationtest.Seal(revocation.Batch{Domain: d, Epoch: 1, First: 1, IssuedAt: start, Through: start}, records...)
	}
	for d, records := range recordsOf {
		raw := head(d, records...)
		f.Add(uint8(d), uint16(len(records)), raw[44:len(raw)-64])
	}
	for _, v := range readVectors(f) {
		for _, m := range v.Messages {
			if b := rawOf(f, m); len(b) > 44+64 && len(b) < 1000 {
				f.Add(uint8(domainOf(f, v)), uint16(b[18])<<8|uint16(b[19]), b[44:len(b)-64])
			}
		}
	}
	f.Fuzz(func(t *testing.T, domain uint8, count uint16, records []byte) {
		d := revocation.Domain(domain % 2)
		header := head(d)[:44]
		header[18], header[19] = byte(count>>8), byte(count)
		raw := revocationtest.SealMessage(append(header, records...))
		b, err := revocation.OpenBatch(raw, revocationtest.Pinned().In(d))
		r, makeErr := revocation.NewReplica(revocationtest.Pinned().In(d), 1, revocation.Limits{}, start-1)
		if makeErr != nil {
			t.Fatal(makeErr)
		}
		if o := r.Apply(0, raw, start); (o == revocation.Unreadable) != (err != nil) {
			t.Fatalf("opened with %v and applied as %s", err, o)
		}
		if err != nil {
			return
		}
		known := true
		var list []revocation.Record
		for _, r := range b.Records() {
			known = known && r.Kind.String() != "unknown" && (r.Kind == revocation.KindBooking) == (d == revocation.Bookings)
			if r.At < 0 {
				t.Fatalf("a time of 2^63: %+v", r)
			}
			list = append(list, r)
		}
		if got := r.Status(start).Counts.Unknown; known != (got == 0) {
			t.Fatalf("%d records counted as unknown", got)
		}
		if again, err := b.Encode(revocationtest.Pinned().ID(), list); known && (err != nil || !bytes.Equal(again, raw[:len(raw)-64])) {
			t.Fatalf("a batch has two encodings: %v", err)
		}
	})
}

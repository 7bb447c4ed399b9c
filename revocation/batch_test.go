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
}

func TestBatchKeepsEveryField(t *testing.T) {
	in := revocation.Batch{Epoch: 9, Partition: 2, First: 11, IssuedAt: 1000, Through: 900}
	b, err := revocation.OpenBatch(revocationtest.Seal(in, all...), revocationtest.Pinned())
	if err != nil {
		t.Fatal(err)
	}
	if b.Epoch != 9 || b.Partition != 2 || b.First != 11 || b.IssuedAt != 1000 || b.Through != 900 || b.Len() != len(all) {
		t.Fatalf("the decoded header is %+v", b)
	}
	i := 0
	for seq, r := range b.Records() {
		if seq != 11+uint64(i) || r != all[i] {
			t.Errorf("record %d decoded as number %d: %+v", i, seq, r)
		}
		i++
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
	f.Add(revocationtest.Seal(revocation.Batch{Epoch: 1, First: 1}, all...))
	f.Add(revocationtest.Seal(revocation.Batch{Epoch: 1, First: 1}))
	f.Fuzz(func(t *testing.T, raw []byte) {
		b, err := revocation.OpenBatch(raw, revocationtest.Pinned())
		if err != nil {
			return
		}
		var records []revocation.Record
		for _, r := range b.Records() {
			records = append(records, r)
		}
		if again := revocationtest.Seal(*b, records...); !bytes.Equal(again, raw) {
			t.Fatalf("a batch has two encodings")
		}
	})
}

// FuzzRecords puts any bytes as records behind a genuine header and under a genuine signature: a reader
// accepts all records or none, and accepted records are encoded again to the same bytes.
func FuzzRecords(f *testing.F) {
	raw := revocationtest.Seal(revocation.Batch{Epoch: 1, First: 1, IssuedAt: start, Through: start}, all...)
	f.Add(uint16(len(all)), raw[44:len(raw)-64])
	for _, v := range readVectors(f) {
		for _, m := range v.Messages {
			if b := rawOf(f, m); len(b) > 44+64 && len(b) < 1000 {
				f.Add(uint16(b[18])<<8|uint16(b[19]), b[44:len(b)-64])
			}
		}
	}
	f.Fuzz(func(t *testing.T, count uint16, records []byte) {
		header := revocationtest.Seal(revocation.Batch{Epoch: 1, First: 1, IssuedAt: start, Through: start})[:44]
		header[18], header[19] = byte(count>>8), byte(count)
		raw := revocationtest.SealMessage(append(header, records...))
		b, err := revocation.OpenBatch(raw, revocationtest.Pinned())
		h := newHarness(t, 1)
		if o := h.Apply(0, raw, start); (o == revocation.Unreadable) != (err != nil) {
			t.Fatalf("opened with %v and applied as %s", err, o)
		}
		if err != nil {
			return
		}
		known := true
		var list []revocation.Record
		for _, r := range b.Records() {
			known = known && r.Kind.String() != "unknown"
			if r.At < 0 {
				t.Fatalf("a time of 2^63: %+v", r)
			}
			list = append(list, r)
		}
		if again, err := b.Encode(revocationtest.Pinned().ID(), list); known && (err != nil || !bytes.Equal(again, raw[:len(raw)-64])) {
			t.Fatalf("a batch has two encodings: %v", err)
		}
	})
}

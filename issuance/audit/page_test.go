package audit

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"testing"

	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/test/harness/runtest"
)

// verifyPages verifies the chain in pages of limit entries.
func (h harness) verifyPages(limit int) (entries []ChainedEntry, broken *Break) {
	h.Helper()
	for after := int64(0); ; {
		p, err := h.VerifyPage(h.Context(), after, limit)
		runtest.Must(h, err)
		entries = append(entries, p.Entries...)
		if p.Broken != nil || len(p.Entries) < limit {
			return entries, p.Broken
		}
		after = p.Entries[limit-1].Position
	}
}

// A chain is verified in pages of every size, and a reader without the key can compute the digests from the texts
// and the hash before.
func TestChainIsVerifiedInPages(t *testing.T) {
	each(t, func(t *testing.T, h harness) {
		if p, err := h.VerifyPage(t.Context(), 0, 10); err != nil || p.Broken != nil || len(p.Entries) != 0 {
			t.Fatalf("an empty chain: %+v, %v", p, err)
		}
		head := h.chainTo(10)
		h.appendActs(11, 12)
		for _, limit := range []int{1, 3, 5, 10, 11, MaxPage} {
			entries, broken := h.verifyPages(limit)
			if len(entries) != 10 || broken != nil || entries[9].Hash != head.Hash {
				t.Fatalf("in pages of %d: %d entries, %v", limit, len(entries), broken)
			}
			before := Hash{}
			for _, e := range entries {
				if want := readerDigest(before, e); e.Digest != want {
					t.Fatalf("the digest of position %d is %v, want %v", e.Position, e.Digest, want)
				}
				before = e.Hash
			}
		}
		p, err := h.VerifyPage(t.Context(), 7, 2)
		runtest.Must(t, err)
		if p.After.Position != 7 || p.Head != head || len(p.Entries) != 2 || p.Entries[0].Position != 8 || p.State.Unchained != 2 {
			t.Errorf("the page after 7: %+v", p)
		}
		for _, wrong := range []struct {
			after int64
			limit int
		}{{11, 1}, {0, 0}, {0, MaxPage + 1}, {0, -1}} {
			if _, err := h.VerifyPage(t.Context(), wrong.after, wrong.limit); !problem.Is(err, QueryInvalid) {
				t.Errorf("%+v: %v", wrong, err)
			}
		}
		h.dropGuards()
		h.exec(`UPDATE audit SET detail = 'fraud' WHERE position IS NULL`)
		if _, broken := h.verifyPages(4); broken == nil || broken.Position != 11 || broken.Because != wrongProof {
			t.Errorf("a changed entry that is not chained yet: %v", broken)
		}
		h.exec(`DELETE FROM audit WHERE position = 5`)
		if p, err := h.VerifyPage(t.Context(), 5, 2); err != nil || p.Broken == nil || p.Broken.Position != 5 || p.Broken.Because != removed {
			t.Errorf("after a removed entry: %+v, %v", p, err)
		}
	})
}

// readerDigest computes a digest as docs/openapi/issuer.yaml describes it.
func readerDigest(before Hash, e ChainedEntry) Hash {
	var b bytes.Buffer
	text := func(t string) {
		binary.Write(&b, binary.BigEndian, uint32(len(t)))
		b.WriteString(t)
	}
	text("railgate/audit/digest/v1")
	b.Write(before[:])
	binary.Write(&b, binary.BigEndian, []int64{e.Position, e.ID, e.AtMs})
	for _, t := range []string{e.Who, string(e.Role), string(e.Action), string(e.Object.Kind), e.Object.ID, e.Detail, e.Request} {
		text(t)
	}
	b.Write(e.Hash[:])
	return sha256.Sum256(b.Bytes())
}

// After archiving, a verification of earlier positions starts at the base of the chain.
func TestArchivedChainIsVerifiedFromItsBase(t *testing.T) {
	each(t, func(t *testing.T, h harness) {
		h.chainTo(6)
		h.dropGuards()
		base := Anchor{2, h.entryAt(2).Hash}
		mac := h.baseMAC(base)
		h.exec(`UPDATE audit_chain SET base = 2, base_hash = $1, base_seal = $2`, base.Hash[:], mac[:])
		h.exec(`DELETE FROM audit WHERE position <= 2`)
		for _, after := range []int64{0, 1, 2} {
			p, err := h.VerifyPage(t.Context(), after, 10)
			if err != nil || p.Broken != nil || p.Base != base || p.After != base || len(p.Entries) != 4 {
				t.Errorf("after %d: %+v, %v", after, p, err)
			}
		}
		h.exec(`UPDATE audit_chain SET base_seal = $1`, make([]byte, 32))
		if p, err := h.VerifyPage(t.Context(), 4, 10); err != nil || p.Broken == nil || p.Broken.Because != notArchived {
			t.Errorf("a base without a proof: %+v, %v", p, err)
		}
	})
}

func (h harness) entryAt(position int64) Record {
	h.Helper()
	r, err := h.at(h.Context(), position)
	runtest.Must(h, err)
	return r
}

package tokens_test

import (
	"math/rand/v2"
	"testing"

	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/tokentest"
)

// TestBatchAnswersLikeCheck compares batches of all sizes with Check, scan by scan,
// and reuses the memory of the batch.
func TestBatchAnswersLikeCheck(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	first, second := tokentest.NewIssuer(1), tokentest.NewIssuer(2)
	tabled := second.Key()
	if err := tabled.Prepare(true); err != nil {
		t.Fatal(err)
	}
	keys, err := tokens.NewKeySet(first.Key(), tabled)
	if err != nil {
		t.Fatal(err)
	}
	var sessions []tokentest.Session
	for i := range uint32(150) {
		sessions = append(sessions, first.Open(i, tokentest.Epoch), second.Open(1000+i, tokentest.Epoch))
	}
	revoked := withClosed{tokentest.Revoked{sessions[3].Fields.Serial: true, sessions[4].Fields.Serial: true}, sessions[5].Fields.Serial}
	var batch tokens.Batch
	reasons := map[tokens.Reason]int{}
	for size := range 200 {
		alone := tokens.Checker{Keys: keys, Revocations: revoked}
		batched := alone
		if size%2 == 1 {
			batched.Passes = new(tokentest.Passes)
		}
		batch.Scans = batch.Scans[:0]
		for range size {
			batch.Scans = append(batch.Scans, anyScan(random, sessions))
		}
		want := make([]tokens.Reason, size)
		for i := range batch.Scans {
			s := batch.Scans[i]
			if want[i] = s.Reason; s.Reason == tokens.ReasonOK {
				want[i] = alone.Check(&s.Token, s.At, tokens.Entry)
				if want[i] == tokens.ReasonSessionClosed && s.At < closedAt { // open at the time of the scan
					open := tokens.Checker{Keys: keys, Revocations: revoked.Revocations}
					want[i] = open.Check(&s.Token, s.At, tokens.Entry)
				}
			}
			reasons[want[i]]++
		}
		batched.CheckAll(&batch, tokens.Entry)
		for i := range batch.Scans {
			if got := batch.Scans[i].Reason; got != want[i] {
				t.Fatalf("scan %d of %d: %s in a batch, %s from Check", i, size, got, want[i])
			}
		}
	}
	for _, r := range []tokens.Reason{tokens.ReasonOK, tokens.ReasonMalformed, tokens.ReasonRevoked, tokens.ReasonSessionClosed, tokens.ReasonStale,
		tokens.ReasonLink, tokens.ReasonSignature} {
		if reasons[r] < 50 {
			t.Errorf("%s occurred only %d times", r, reasons[r])
		}
	}
}

// closedAt is the time at which withClosed closed its sessions: half-way through them.
const closedAt = tokentest.Epoch + 15*tokens.Period

// withClosed adds to Revocations one credential whose sessions were all closed.
type withClosed struct {
	tokens.Revocations
	serial tokens.Serial
}

func (c withClosed) Closed(s tokens.Serial, _, by int64) bool {
	return s == c.serial && closedAt <= by
}

// anyScan returns a scan of a valid code or of a code with one fault.
func anyScan(random *rand.Rand, sessions []tokentest.Session) tokens.Scan {
	s := sessions[random.IntN(len(sessions))]
	if random.IntN(8) == 0 {
		s = sessions[3+random.IntN(3)] // revoked or closed
	}
	step := random.IntN(tokens.Length)
	scan := tokens.Scan{At: tokentest.Epoch + int64(step)*tokens.Period, Reason: tokens.ReasonOK, Token: s.Code(step)}
	switch random.IntN(8) {
	case 0:
		scan.Reason = tokens.ReasonMalformed
	case 1:
		scan.At += 200
	case 2:
		scan.Token = tokens.Assemble(&s.Pass, uint8(step), tokens.Link{byte(random.Uint32())})
	case 3:
		s.Pass[tokens.BodySize+random.IntN(tokens.SigSize)] ^= 1 << random.IntN(8)
		scan.Token = s.Code(step)
	}
	return scan
}

// TestRememberedLinkAnswersLikeTheAnchor compares a gate that hashes only to the
// remembered link, forwards or backwards, with a gate that hashes to the anchor.
func TestRememberedLinkAnswersLikeTheAnchor(t *testing.T) {
	random := rand.New(rand.NewPCG(9, 10))
	issuer := tokentest.NewIssuer(1)
	remembers := tokens.Checker{Keys: issuer.Keys(), Passes: new(tokentest.Passes)}
	plain := tokens.Checker{Keys: issuer.Keys()}
	s := issuer.Open(1, tokentest.Epoch)
	good := 0
	for i := range 3000 {
		if i%100 == 0 {
			remembers.Passes = new(tokentest.Passes)
		}
		step := random.IntN(tokens.Length)
		shown := s.Links[step]
		switch random.IntN(6) {
		case 0:
			shown = s.Links[random.IntN(tokens.Length)]
		case 1:
			shown = s.Fields.Anchor
		case 2:
			shown[random.IntN(len(shown))] ^= 1 << random.IntN(8)
		}
		code := tokens.Assemble(&s.Pass, uint8(step), shown)
		now := tokentest.Epoch + int64(step)*tokens.Period
		got, want := remembers.Check(&code, now, tokens.Entry), plain.Check(&code, now, tokens.Entry)
		if got != want {
			t.Fatalf("step %d: %s, want %s", step, got, want)
		}
		if got == tokens.ReasonOK {
			good++
		}
	}
	if good < 1000 || good > 2900 {
		t.Errorf("%d of 3000 codes were good, want between 1000 and 2900", good)
	}
}

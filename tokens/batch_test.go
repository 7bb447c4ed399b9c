package tokens_test

import (
	"math/rand/v2"
	"testing"

	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/tokentest"
)

// Whatever is in a batch, of whatever size, every scan gets the answer that it
// would get alone; and memory that is used again remembers nothing.
func TestABatchIsItsScansOneByOne(t *testing.T) {
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
	revoked := closedAsWell{tokentest.Revoked{sessions[3].Fields.Serial: true, sessions[4].Fields.Serial: true}, sessions[5].Fields.Serial}
	var batch tokens.Batch
	reasons := map[tokens.Reason]int{}
	for size := range 200 {
		alone := tokens.Checker{Keys: keys, Revocations: revoked}
		together := alone
		if size%2 == 1 {
			together.Passes = new(tokentest.Passes)
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
				if want[i] == tokens.ReasonSessionClosed && s.At < closedAt { // it was open then
					rest := tokens.Checker{Keys: keys, Revocations: revoked.Revocations}
					want[i] = rest.Check(&s.Token, s.At, tokens.Entry)
				}
			}
			reasons[want[i]]++
		}
		together.CheckAll(&batch, tokens.Entry)
		for i := range batch.Scans {
			if got := batch.Scans[i].Reason; got != want[i] {
				t.Fatalf("scan %d of %d: %s, alone %s", i, size, got, want[i])
			}
		}
	}
	for _, r := range []tokens.Reason{tokens.ReasonOK, tokens.ReasonMalformed, tokens.ReasonRevoked, tokens.ReasonSessionClosed, tokens.ReasonStale,
		tokens.ReasonLink, tokens.ReasonSignature} {
		if reasons[r] < 50 {
			t.Errorf("%s came up %d times only", r, reasons[r])
		}
	}
}

// closedAt is when closedAsWell closed its session: in the middle of it.
const closedAt = tokentest.Epoch + 15*tokens.Period

// closedAsWell is revoked credentials and one whose every session was closed.
type closedAsWell struct {
	tokens.Revocations
	serial tokens.Serial
}

func (c closedAsWell) Closed(s tokens.Serial, _, by int64) bool {
	return s == c.serial && closedAt <= by
}

// anyScan shows a code as it should be, or with one fault.
func anyScan(random *rand.Rand, sessions []tokentest.Session) tokens.Scan {
	s := sessions[random.IntN(len(sessions))]
	if random.IntN(8) == 0 {
		s = sessions[3+random.IntN(3)] // revoked, or closed
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

// A gate that remembers the newest link hashes only what lies between, forwards
// and backwards, and answers as one that hashes to the anchor.
func TestTheNewestLinkAnswersLikeTheAnchor(t *testing.T) {
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
		t.Errorf("%d of 3000 good", good)
	}
}

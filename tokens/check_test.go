package tokens_test

import (
	"slices"
	"testing"

	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/tokentest"
)

// world is everything a Checker asks, writing down the questions in order.
type world struct {
	asked   []string
	keys    *tokens.KeySet
	revoked tokentest.Revoked
	before  int64 // cut-off of every subject
	closed  int64 // when every session was closed; 0: none was
	passes  tokentest.Passes
}

func (w *world) Key(id tokens.KeyID) *tokens.Key {
	w.asked = append(w.asked, "key")
	return w.keys.Key(id)
}

func (w *world) Revoked(s tokens.Serial) bool {
	w.asked = append(w.asked, "revoked")
	return w.revoked[s]
}

func (w *world) CutOff(tokens.Subject) int64 {
	w.asked = append(w.asked, "subject")
	return w.before
}

func (w *world) Closed(_ tokens.Serial, _, by int64) bool {
	w.asked = append(w.asked, "session")
	return w.closed != 0 && w.closed <= by
}

func (w *world) Recall(p *tokens.SignedPass) (tokens.Shown, bool) {
	w.asked = append(w.asked, "recall")
	return w.passes.Recall(p)
}

func (w *world) Remember(p *tokens.SignedPass, shown tokens.Shown) {
	w.asked = append(w.asked, "remember")
	w.passes.Remember(p, shown)
}

func (w *world) gate() tokens.Checker {
	return tokens.Checker{Keys: w, Revocations: w, Passes: w}
}

var asker = tokentest.NewIssuer(1)

// Cheap refusals come first: a code that fails early costs no later question.
func TestCheckAsksInOneOrder(t *testing.T) {
	s := asker.Open(5, tokentest.Epoch)
	good, forged := s.Code(0), s
	forged.Pass[tokens.BodySize] ^= 1
	badSignature := forged.Code(0)
	badLink := tokens.Assemble(&s.Pass, 0, tokens.Link{})
	const now = tokentest.Epoch
	for _, c := range []struct {
		name  string
		code  tokens.Token
		now   int64
		scope tokens.Scope
		set   func(*world)
		want  tokens.Reason
		asked []string
	}{
		{"unknown key", good, now, tokens.Entry, func(w *world) { w.keys = new(tokens.KeySet) }, tokens.ReasonUnknownKey, []string{"key"}},
		{"retired key", good, now, tokens.Entry, retire, tokens.ReasonKeyRetired, []string{"key"}},
		{"expired", good, now + tokens.CredentialLife, tokens.Entry, nil, tokens.ReasonCredentialExpired, []string{"key"}},
		{"early", good, now - 6, tokens.Entry, nil, tokens.ReasonNotYet, []string{"key"}},
		{"stale", good, now + 120, tokens.Entry, nil, tokens.ReasonStale, []string{"key"}},
		{"no such use", good, now, 0, nil, tokens.ReasonScope, []string{"key"}},
		{"reserved use", good, now, 0x80, nil, tokens.ReasonScope, []string{"key"}},
		{"revoked", good, now, tokens.Entry, revoke, tokens.ReasonRevoked, []string{"key", "revoked"}},
		{"exempted", good, now, tokens.Entry, func(w *world) { retire(w); rescue(w, 5) }, tokens.ReasonOK, []string{"key", "revoked", "subject", "session", "recall", "remember"}},
		{"another exempted", good, now, tokens.Entry, func(w *world) { retire(w); rescue(w, 6) }, tokens.ReasonKeyRetired, []string{"key"}},
		{"exempted and revoked", good, now, tokens.Entry, func(w *world) { retire(w); rescue(w, 5); revoke(w) }, tokens.ReasonRevoked, []string{"key", "revoked"}},
		{"opened before the subject's cut-off", good, now, tokens.Entry, func(w *world) { w.before = now + 1 }, tokens.ReasonRevoked, []string{"key", "revoked", "subject"}},
		{"opened at the subject's cut-off", good, now, tokens.Entry, func(w *world) { w.before = now }, tokens.ReasonOK, []string{"key", "revoked", "subject", "session", "recall", "remember"}},
		{"closed", good, now, tokens.Entry, func(w *world) { w.closed = now + 3600 }, tokens.ReasonSessionClosed, []string{"key", "revoked", "subject", "session"}},
		{"link", badLink, now, tokens.Entry, nil, tokens.ReasonLink, []string{"key", "revoked", "subject", "session", "recall"}},
		{"signature", badSignature, now, tokens.Entry, nil, tokens.ReasonSignature, []string{"key", "revoked", "subject", "session", "recall"}},
		{"good", good, now, tokens.Entry, nil, tokens.ReasonOK, []string{"key", "revoked", "subject", "session", "recall", "remember"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := &world{keys: asker.Keys()}
			if c.set != nil {
				c.set(w)
			}
			gate := w.gate()
			if got := gate.Check(&c.code, c.now, c.scope); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
			if !slices.Equal(w.asked, c.asked) {
				t.Errorf("asked %v, want %v", w.asked, c.asked)
			}
		})
	}
}

// What was remembered saves the signature and nothing else: a key cut off, a
// revocation, the clock, the use and the link count from the next scan on.
func TestARememberedPassIsJudgedAnew(t *testing.T) {
	s := asker.Open(5, tokentest.Epoch)
	code := s.Code(0)
	for _, c := range []struct {
		name string
		turn func(w *world, code *tokens.Token, now *int64, scope *tokens.Scope)
		want tokens.Reason
	}{
		{"nothing", func(*world, *tokens.Token, *int64, *tokens.Scope) {}, tokens.ReasonOK},
		{"key forgotten", func(w *world, _ *tokens.Token, _ *int64, _ *tokens.Scope) { w.keys = new(tokens.KeySet) }, tokens.ReasonUnknownKey},
		{"key cut off", func(w *world, _ *tokens.Token, _ *int64, _ *tokens.Scope) { retire(w) }, tokens.ReasonKeyRetired},
		{"revoked", func(w *world, _ *tokens.Token, _ *int64, _ *tokens.Scope) { revoke(w) }, tokens.ReasonRevoked},
		{"subject cut off", func(w *world, _ *tokens.Token, _ *int64, _ *tokens.Scope) { w.before = tokentest.Epoch + 1 }, tokens.ReasonRevoked},
		{"closed", func(w *world, _ *tokens.Token, _ *int64, _ *tokens.Scope) { w.closed = tokentest.Epoch }, tokens.ReasonSessionClosed},
		{"expired", func(_ *world, _ *tokens.Token, now *int64, _ *tokens.Scope) { *now += tokens.CredentialLife }, tokens.ReasonCredentialExpired},
		{"stale", func(_ *world, _ *tokens.Token, now *int64, _ *tokens.Scope) { *now += 120 }, tokens.ReasonStale},
		{"other use", func(_ *world, _ *tokens.Token, _ *int64, scope *tokens.Scope) { *scope = 0x80 }, tokens.ReasonScope},
		{"wrong link", func(_ *world, code *tokens.Token, _ *int64, _ *tokens.Scope) {
			*code = tokens.Assemble(&s.Pass, 0, tokens.Link{1})
		}, tokens.ReasonLink},
		{"one bit of the pass", func(_ *world, code *tokens.Token, _ *int64, _ *tokens.Scope) {
			bent := s.Pass
			bent[9] ^= 1 // the subject, which nothing before the signature looks at
			*code = tokens.Assemble(&bent, 0, s.Links[0])
		}, tokens.ReasonSignature},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := &world{keys: asker.Keys()}
			gate := w.gate()
			shown, now, scope := code, int64(tokentest.Epoch), tokens.Entry
			if r := gate.Check(&shown, now, scope); r != tokens.ReasonOK {
				t.Fatalf("first scan: %s", r)
			}
			w.asked = nil
			c.turn(w, &shown, &now, &scope)
			if got := gate.Check(&shown, now, scope); got != c.want {
				t.Errorf("second scan: %s, want %s", got, c.want)
			}
			if c.want == tokens.ReasonOK && !slices.Equal(w.asked, []string{"key", "revoked", "subject", "session", "recall"}) {
				t.Errorf("second scan asked %v", w.asked)
			}
		})
	}
}

// A gate without a revocation source or a memory still judges everything else.
func TestCheckWithKeysAlone(t *testing.T) {
	s := asker.Open(5, tokentest.Epoch)
	code := s.Code(0)
	gate := tokens.Checker{Keys: asker.Keys()}
	for range 2 {
		if r := gate.Check(&code, tokentest.Epoch, tokens.Entry); r != tokens.ReasonOK {
			t.Errorf("%s", r)
		}
	}
}

func revoke(w *world) { w.revoked = tokentest.Revoked{{Day: 20494, Index: 5}: true} }

func retire(w *world) {
	key := asker.Key()
	key.CutOff = tokentest.Epoch
	w.keys, _ = tokens.NewKeySet(key)
}

// rescue keeps one credential of the day good under every key of the world.
func rescue(w *world, index uint32) {
	key := *w.keys.Key(1)
	key.Exempted = tokentest.Serials{{Day: 20494, Index: index}: true}
	w.keys, _ = tokens.NewKeySet(key)
}

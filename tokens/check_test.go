package tokens_test

import (
	"slices"
	"testing"

	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/tokentest"
)

// recorder implements Keys, Revocations and Passes and records the calls, those of Ahead too, in order.
type recorder struct {
	calls   []string
	keys    *tokens.KeySet
	revoked tokentest.Revoked
	before  int64 // cutoff of every subject
	closed  int64 // time at which every session was closed; 0: never
	passes  tokentest.Passes
}

func (r *recorder) Key(id tokens.KeyID) *tokens.Key {
	r.calls = append(r.calls, "key")
	return r.keys.Key(id)
}

func (r *recorder) Revoked(s tokens.Serial) bool {
	r.calls = append(r.calls, "revoked")
	return r.revoked[s]
}

func (r *recorder) Cutoff(tokens.Subject) int64 {
	r.calls = append(r.calls, "subject")
	return r.before
}

func (r *recorder) Closed(_ tokens.Serial, _, by int64) bool {
	r.calls = append(r.calls, "session")
	return r.closed != 0 && r.closed <= by
}

func (r *recorder) Recall(p *tokens.SignedPass) (tokens.Shown, bool) {
	r.calls = append(r.calls, "recall")
	return r.passes.Recall(p)
}

func (r *recorder) Remember(p *tokens.SignedPass, shown tokens.Shown) {
	r.calls = append(r.calls, "remember")
	r.passes.Remember(p, shown)
}

func (r *recorder) gate() tokens.Checker {
	return tokens.Checker{Keys: r, Revocations: r, Passes: r, Ahead: func(*tokens.Token) { r.calls = append(r.calls, "ahead") }}
}

var checkIssuer = tokentest.NewIssuer(1)

// TestCheckOrder expects cheap checks first, and no further lookups after a refusal.
func TestCheckOrder(t *testing.T) {
	s := checkIssuer.Open(5, tokentest.Epoch)
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
		setup func(*recorder)
		want  tokens.Reason
		calls []string
	}{
		{"unknown key", good, now, tokens.Entry, func(r *recorder) { r.keys = new(tokens.KeySet) }, tokens.ReasonUnknownKey, []string{"key"}},
		{"retired key", good, now, tokens.Entry, retire, tokens.ReasonKeyRetired, []string{"key"}},
		{"expired", good, now + tokens.CredentialLife, tokens.Entry, nil, tokens.ReasonCredentialExpired, []string{"key"}},
		{"early", good, now - 6, tokens.Entry, nil, tokens.ReasonNotYet, []string{"key"}},
		{"stale", good, now + 120, tokens.Entry, nil, tokens.ReasonStale, []string{"key"}},
		{"unknown scope", good, now, 0, nil, tokens.ReasonScope, []string{"key"}},
		{"reserved scope bit", good, now, 0x80, nil, tokens.ReasonScope, []string{"key"}},
		{"revoked", good, now, tokens.Entry, revoke, tokens.ReasonRevoked, []string{"key", "revoked"}},
		{"exempted", good, now, tokens.Entry, func(r *recorder) { retire(r); exempt(r, 5) }, tokens.ReasonOK, []string{"key", "revoked", "subject", "session", "recall", "ahead", "remember"}},
		{"another exempted", good, now, tokens.Entry, func(r *recorder) { retire(r); exempt(r, 6) }, tokens.ReasonKeyRetired, []string{"key"}},
		{"exempted and revoked", good, now, tokens.Entry, func(r *recorder) { retire(r); exempt(r, 5); revoke(r) }, tokens.ReasonRevoked, []string{"key", "revoked"}},
		{"opened before the subject's cutoff", good, now, tokens.Entry, func(r *recorder) { r.before = now + 1 }, tokens.ReasonRevoked, []string{"key", "revoked", "subject"}},
		{"opened at the subject's cutoff", good, now, tokens.Entry, func(r *recorder) { r.before = now }, tokens.ReasonOK, []string{"key", "revoked", "subject", "session", "recall", "ahead", "remember"}},
		{"closed", good, now, tokens.Entry, func(r *recorder) { r.closed = now + 3600 }, tokens.ReasonSessionClosed, []string{"key", "revoked", "subject", "session"}},
		{"link", badLink, now, tokens.Entry, nil, tokens.ReasonLink, []string{"key", "revoked", "subject", "session", "recall", "ahead"}},
		{"signature", badSignature, now, tokens.Entry, nil, tokens.ReasonSignature, []string{"key", "revoked", "subject", "session", "recall", "ahead"}},
		{"good", good, now, tokens.Entry, nil, tokens.ReasonOK, []string{"key", "revoked", "subject", "session", "recall", "ahead", "remember"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := &recorder{keys: checkIssuer.Keys()}
			if c.setup != nil {
				c.setup(r)
			}
			gate := r.gate()
			if got := gate.Check(&c.code, c.now, c.scope); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
			if !slices.Equal(r.calls, c.calls) {
				t.Errorf("lookups %v, want %v", r.calls, c.calls)
			}
		})
	}
}

// TestRememberedPassIsCheckedAgain expects that a remembered pass saves only the signature
// verification: key, revocation, time, scope and link are checked at every scan.
func TestRememberedPassIsCheckedAgain(t *testing.T) {
	s := checkIssuer.Open(5, tokentest.Epoch)
	code := s.Code(0)
	for _, c := range []struct {
		name   string
		change func(r *recorder, code *tokens.Token, now *int64, scope *tokens.Scope)
		want   tokens.Reason
	}{
		{"no change", func(*recorder, *tokens.Token, *int64, *tokens.Scope) {}, tokens.ReasonOK},
		{"key removed", func(r *recorder, _ *tokens.Token, _ *int64, _ *tokens.Scope) { r.keys = new(tokens.KeySet) }, tokens.ReasonUnknownKey},
		{"key distrusted", func(r *recorder, _ *tokens.Token, _ *int64, _ *tokens.Scope) { retire(r) }, tokens.ReasonKeyRetired},
		{"revoked", func(r *recorder, _ *tokens.Token, _ *int64, _ *tokens.Scope) { revoke(r) }, tokens.ReasonRevoked},
		{"subject revoked", func(r *recorder, _ *tokens.Token, _ *int64, _ *tokens.Scope) { r.before = tokentest.Epoch + 1 }, tokens.ReasonRevoked},
		{"closed", func(r *recorder, _ *tokens.Token, _ *int64, _ *tokens.Scope) { r.closed = tokentest.Epoch }, tokens.ReasonSessionClosed},
		{"expired", func(_ *recorder, _ *tokens.Token, now *int64, _ *tokens.Scope) { *now += tokens.CredentialLife }, tokens.ReasonCredentialExpired},
		{"stale", func(_ *recorder, _ *tokens.Token, now *int64, _ *tokens.Scope) { *now += 120 }, tokens.ReasonStale},
		{"other scope", func(_ *recorder, _ *tokens.Token, _ *int64, scope *tokens.Scope) { *scope = 0x80 }, tokens.ReasonScope},
		{"wrong link", func(_ *recorder, code *tokens.Token, _ *int64, _ *tokens.Scope) {
			*code = tokens.Assemble(&s.Pass, 0, tokens.Link{1})
		}, tokens.ReasonLink},
		{"one bit of the pass", func(_ *recorder, code *tokens.Token, _ *int64, _ *tokens.Scope) {
			bent := s.Pass
			bent[9] ^= 1 // the subject, which only the signature protects
			*code = tokens.Assemble(&bent, 0, s.Links[0])
		}, tokens.ReasonSignature},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := &recorder{keys: checkIssuer.Keys()}
			gate := r.gate()
			shown, now, scope := code, int64(tokentest.Epoch), tokens.Entry
			if r := gate.Check(&shown, now, scope); r != tokens.ReasonOK {
				t.Fatalf("first scan: %s", r)
			}
			r.calls = nil
			c.change(r, &shown, &now, &scope)
			if got := gate.Check(&shown, now, scope); got != c.want {
				t.Errorf("second scan: %s, want %s", got, c.want)
			}
			if c.want == tokens.ReasonOK && !slices.Equal(r.calls, []string{"key", "revoked", "subject", "session", "recall", "ahead"}) {
				t.Errorf("lookups of the second scan: %v", r.calls)
			}
		})
	}
}

func TestCheckWithoutRevocationsAndPasses(t *testing.T) {
	s := checkIssuer.Open(5, tokentest.Epoch)
	code := s.Code(0)
	gate := tokens.Checker{Keys: checkIssuer.Keys()}
	for range 2 {
		if r := gate.Check(&code, tokentest.Epoch, tokens.Entry); r != tokens.ReasonOK {
			t.Errorf("%s, want ok", r)
		}
	}
}

func revoke(r *recorder) { r.revoked = tokentest.Revoked{{Day: 20494, Index: 5}: true} }

func retire(r *recorder) {
	key := checkIssuer.Key()
	key.Cutoff = tokentest.Epoch
	r.keys, _ = tokens.NewKeySet(key)
}

// exempt makes one credential of the day exempt under key 1.
func exempt(r *recorder, index uint32) {
	key := *r.keys.Key(1)
	key.Exempted = tokentest.Serials{{Day: 20494, Index: index}: true}
	r.keys, _ = tokens.NewKeySet(key)
}

package gateway_test

import (
	"testing"

	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/tokentest"
)

// scan is one code shown to the gate, with the expected verdict.
type scan struct {
	reason string
	class  string
	state  string // of the revocation data
	scope  string
	code   func(s *harness) string
	before func(s *harness) // called before the check; may be nil
	setup  func() setup     // nil: the default
}

// at returns the code of a step of a session that starts offset seconds after the clock's time.
func at(offset int64, step int) func(*harness) string {
	return func(s *harness) string {
		session := s.issuer.Open(7, s.clock.Load()/1000+offset)
		code := session.Code(step)
		return code.Text()
	}
}

// altered returns a good code with one byte of its pass changed.
func altered(offset int) func(*harness) string {
	return func(s *harness) string {
		session := s.issuer.Open(7, s.clock.Load()/1000)
		session.Pass[offset] ^= 1
		code := session.Code(0)
		return code.Text()
	}
}

func signedBy(key tokens.KeyID) func(*harness) string {
	return func(*harness) string {
		session := tokentest.NewIssuer(key).Open(7, tokentest.Epoch)
		code := session.Code(0)
		return code.Text()
	}
}

// scans has every reason that a request can cause. It lacks internal_error, which is the
// zero value of a reason: a panic inside the check is answered with a problem.
var scans = []scan{
	{reason: "ok", class: "ok", state: "fresh", scope: "entry", code: at(0, 0)},
	{reason: "malformed", class: "passenger", state: "fresh", scope: "entry",
		code: func(*harness) string { return "https://example.com/menu" }},
	{reason: "unsupported_version", class: "verifier", state: "fresh", scope: "entry",
		code: func(*harness) string { return "RG2:ANYTHING AT ALL" }},
	{reason: "unknown_key", class: "verifier", state: "fresh", scope: "entry", code: signedBy(9)},
	{reason: "key_retired", class: "issuer", state: "fresh", scope: "entry", code: signedBy(retiredKey)},
	{reason: "not_yet_valid", class: "verifier", state: "fresh", scope: "entry", code: at(60, 0)},
	{reason: "credential_expired", class: "passenger", state: "fresh", scope: "entry", code: at(-tokens.CredentialLife, 0)},
	{reason: "session_over", class: "passenger", state: "fresh", scope: "entry", code: at(-31*60, 29)},
	{reason: "code_stale", class: "passenger", state: "fresh", scope: "entry", code: at(-2*60, 0)},
	{reason: "code_ahead", class: "verifier", state: "fresh", scope: "entry", code: at(0, 2)},
	{reason: "wrong_scope", class: "passenger", state: "fresh", scope: "sale", code: func(s *harness) string {
		session := s.issuer.OpenAs(tokens.Pass{Serial: tokens.Serial{Day: uint16(tokens.DayOf(tokentest.Epoch)), Index: 7},
			Start: tokentest.Epoch, Expiry: tokentest.Epoch + tokens.CredentialLife,
			Period: tokens.Period, Length: tokens.Length, Scopes: tokens.Scopes(tokens.Entry)})
		code := session.Code(0)
		return code.Text()
	}},
	{reason: "revoked", class: "passenger", state: "fresh", scope: "entry", code: at(0, 0),
		before: func(s *harness) { s.feed.Revoke(now, s.issuer.Open(7, tokentest.Epoch).Fields.Serial) }},
	{reason: "session_closed", class: "passenger", state: "fresh", scope: "entry", code: at(0, 0),
		before: func(s *harness) { s.feed.Close(now, s.issuer.Open(7, tokentest.Epoch).Fields) }},
	{reason: "link_mismatch", class: "fraud", state: "fresh", scope: "entry", code: func(s *harness) string {
		session := s.issuer.Open(7, tokentest.Epoch)
		code := tokens.Assemble(&session.Pass, 0, tokens.Link{1, 2, 3}) // a made-up link
		return code.Text()
	}},
	{reason: "bad_signature", class: "fraud", state: "fresh", scope: "entry", code: altered(9)}, // in the subject
	{reason: "no_revocation_data", class: "verifier", state: "booting", scope: "entry", code: at(0, 0), setup: booting},
	{reason: "stale_revocation_data", class: "verifier", state: "expired", scope: "entry", code: at(0, 0),
		before: func(s *harness) { s.clock.Add(15 * 60 * 1000) }},
}

// start starts a gateway for one scan and applies the scan's preparation.
func (c *scan) start(t testing.TB) *harness {
	p := setup{}
	if c.setup != nil {
		p = c.setup()
	}
	s := start(t, p)
	if c.before != nil {
		c.before(s)
	}
	return s
}

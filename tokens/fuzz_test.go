package tokens_test

import (
	"bytes"
	"encoding/hex"
	"testing"

	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/tokentest"
	"github.com/railgate/railgate/tokens/tokentest/vectors"
)

// FuzzParseText parses arbitrary text. An accepted code has one spelling and can be
// rebuilt from its parts.
func FuzzParseText(f *testing.F) {
	for _, v := range readVectors(f) {
		if v.Text != nil {
			f.Add([]byte(*v.Text))
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var token tokens.Token
		switch r := token.ParseText(text); r {
		case tokens.ReasonMalformed, tokens.ReasonVersion:
			return
		case tokens.ReasonOK:
		default:
			t.Fatalf("the parser returned %s", r)
		}
		if written := token.AppendText(nil); !bytes.Equal(written, text) {
			t.Fatalf("parsed %q, wrote %q", text, written)
		}
		var fromWire tokens.Token
		if r := fromWire.Parse(token.Bytes()); r != tokens.ReasonOK || fromWire != token {
			t.Fatalf("the bytes of an accepted text: %s", r)
		}
		raw := token.Bytes()
		fields := token.Fields()
		message, err := fields.Message()
		if err != nil {
			t.Fatalf("the fields of an accepted text: %v", err)
		}
		pass := tokens.AssemblePass(&message, (*[tokens.SigSize]byte)(raw[tokens.BodySize:tokens.PassSize]))
		rebuilt := tokens.Assemble(&pass, uint8(token.Step()), tokens.Link(raw[tokens.PassSize+1:]))
		if rebuilt != token {
			t.Fatal("the token rebuilt from its parts differs")
		}
	})
}

// FuzzCheck checks arbitrary codes. A code is admitted only with a pass that an issuer
// signed, with the link of its step, within its window and for its scopes.
func FuzzCheck(f *testing.F) {
	for _, v := range readVectors(f) {
		if wire, err := hex.DecodeString(v.Wire); err == nil && len(wire) > 0 {
			scope, _ := tokens.ParseScope([]byte(v.Scope))
			f.Add(wire, v.Now, uint8(scope))
		}
	}
	genuine := vectors.Genuine()
	var keys []tokens.Key
	for _, issuer := range vectors.Issuers() {
		keys = append(keys, issuer.Key())
	}
	set, err := tokens.NewKeySet(keys...)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, wire []byte, now int64, scope uint8) {
		var token tokens.Token
		if token.Parse(wire) != tokens.ReasonOK {
			return
		}
		passes := new(tokentest.Passes)
		gate := tokens.Checker{Keys: set, Passes: passes}
		first, second := gate.Check(&token, now, tokens.Scope(scope)), gate.Check(&token, now, tokens.Scope(scope))
		if first != second {
			t.Fatalf("first check %s, second check %s", first, second)
		}
		links, signed := genuine[*token.Pass()]
		if first != tokens.ReasonOK {
			if passes.Remembered != 0 {
				t.Fatalf("a pass refused for %s was remembered", first)
			}
			return
		}
		if !signed {
			t.Fatal("admitted a pass that no issuer signed")
		}
		if shown := wire[tokens.PassSize+1:]; !bytes.Equal(shown, links[token.Step()][:]) {
			t.Fatalf("admitted link %x for step %d", shown, token.Step())
		}
		begins := token.Start() + token.Step()*token.Period()
		if now < begins-5 || now >= begins+2*token.Period() || now >= token.Expiry() {
			t.Fatalf("admitted step %d at %d, %d s after it began", token.Step(), now, now-begins)
		}
		if uint8(token.Scopes())&scope == 0 {
			t.Fatalf("admitted for scope %#x with scopes %#x", scope, token.Scopes())
		}
	})
}

package tokens_test

import (
	"bytes"
	"encoding/hex"
	"testing"

	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/tokentest"
	"github.com/railgate/railgate/tokens/tokentest/vectors"
)

// Whatever is scanned, the parser answers; and what it takes has one spelling
// and can be taken apart and put together again.
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
			t.Fatalf("the parser answered %s", r)
		}
		if again := token.AppendText(nil); !bytes.Equal(again, text) {
			t.Fatalf("read %q, wrote %q", text, again)
		}
		var fromWire tokens.Token
		if r := fromWire.Parse(token.Bytes()); r != tokens.ReasonOK || fromWire != token {
			t.Fatalf("the bytes of a good text: %s", r)
		}
		raw := token.Bytes()
		fields := token.Fields()
		message, err := fields.Message()
		if err != nil {
			t.Fatalf("the fields of a good text: %v", err)
		}
		pass := tokens.Seal(&message, (*[tokens.SigSize]byte)(raw[tokens.BodySize:tokens.PassSize]))
		rebuilt := tokens.Assemble(&pass, uint8(token.Step()), tokens.Link(raw[tokens.PassSize+1:]))
		if rebuilt != token {
			t.Fatal("taken apart and put together, the token differs")
		}
	})
}

// However a code is bent, it is admitted only with a pass that an issuer
// really signed, with the link of its step, in its time and for its use.
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
			t.Fatalf("%s, then %s", first, second)
		}
		links, signed := genuine[*token.Pass()]
		if first != tokens.ReasonOK {
			if passes.Remembered != 0 {
				t.Fatalf("a pass refused for %s was remembered", first)
			}
			return
		}
		if !signed {
			t.Fatal("admitted a pass that nobody signed")
		}
		if shown := wire[tokens.PassSize+1:]; !bytes.Equal(shown, links[token.Step()][:]) {
			t.Fatalf("admitted link %x for step %d", shown, token.Step())
		}
		begins := token.Start() + token.Step()*token.Period()
		if now < begins-5 || now >= begins+2*token.Period() || now >= token.Expiry() {
			t.Fatalf("admitted step %d at %d, %d s after it began", token.Step(), now, now-begins)
		}
		if uint8(token.Scopes())&scope == 0 {
			t.Fatalf("admitted for use %#x with scopes %#x", scope, token.Scopes())
		}
	})
}

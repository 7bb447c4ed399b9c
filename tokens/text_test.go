package tokens_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/tokentest"
)

// TestEveryByteOfTheTextCounts tries all 256 bytes in each place of a code. Only bytes
// of the alphabet are decoded, and they give another code: the decoder skips and
// folds nothing.
func TestEveryByteOfTheTextCounts(t *testing.T) {
	issuer := tokentest.NewIssuer(1)
	s := issuer.Open(9, tokentest.Epoch)
	code := s.Code(3)
	good := code.AppendText(nil)
	const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
	for place := range good {
		for b := range 256 {
			text := bytes.Clone(good)
			text[place] = byte(b)
			var token tokens.Token
			r := token.ParseText(text)
			switch {
			case byte(b) == good[place]:
				if r != tokens.ReasonOK || token != code {
					t.Fatalf("the unchanged code: %s", r)
				}
			case r != tokens.ReasonOK:
			case place < len(tokens.Prefix) || !strings.ContainsRune(alphabet, rune(b)):
				t.Fatalf("byte %#x was accepted in place %d", b, place)
			case token == code:
				t.Fatalf("byte %#x in place %d gives a second spelling of the code", b, place)
			}
		}
	}
}

func TestOtherLengthsAreRefused(t *testing.T) {
	issuer := tokentest.NewIssuer(1)
	s := issuer.Open(9, tokentest.Epoch)
	code := s.Code(3)
	text := append(code.AppendText(nil), strings.Repeat("0", 300)...)
	wire := append(bytes.Clone(code.Bytes()), make([]byte, 300)...)
	for n := range text {
		want := tokens.ReasonMalformed
		if n == tokens.TextSize {
			want = tokens.ReasonOK
		}
		var token tokens.Token
		if r := token.ParseText(text[:n]); r != want {
			t.Errorf("%d characters: %s, want %s", n, r, want)
		}
	}
	for n := range wire {
		want := tokens.ReasonMalformed
		if n == tokens.TokenSize {
			want = tokens.ReasonOK
		}
		var token tokens.Token
		if r := token.Parse(wire[:n]); r != want {
			t.Errorf("%d bytes: %s, want %s", n, r, want)
		}
	}
	var token tokens.Token
	if token.Parse(nil) != tokens.ReasonMalformed || token.ParseText(nil) != tokens.ReasonMalformed {
		t.Error("an empty input was not malformed")
	}
}

func TestParseCopiesTheBuffer(t *testing.T) {
	issuer := tokentest.NewIssuer(1)
	s := issuer.Open(9, tokentest.Epoch)
	code := s.Code(3)
	wire := bytes.Clone(code.Bytes())
	var token tokens.Token
	if r := token.Parse(wire); r != tokens.ReasonOK {
		t.Fatal(r)
	}
	clear(wire)
	if token != code {
		t.Error("the token changed with the caller's buffer")
	}
}

// TestMessageRefusesOutOfBoundsPasses covers passes that the parser would refuse.
func TestMessageRefusesOutOfBoundsPasses(t *testing.T) {
	issuer := tokentest.NewIssuer(1)
	fields := issuer.Open(9, tokentest.Epoch).Fields
	for name, bend := range map[string]func(*tokens.Pass){
		"negative start":       func(p *tokens.Pass) { p.Start = -1 },
		"start past 32 bits":   func(p *tokens.Pass) { p.Start += 1 << 32 },
		"expiry past 32 bits":  func(p *tokens.Pass) { p.Expiry += 1 << 32 },
		"start below 32 bits":  func(p *tokens.Pass) { p.Start -= 1 << 32 },
		"expiry below 32 bits": func(p *tokens.Pass) { p.Expiry -= 1 << 32 },
		"both shifted":         func(p *tokens.Pass) { p.Start += 1 << 32; p.Expiry += 1 << 32 },
		"no scope":             func(p *tokens.Pass) { p.Scopes = 0 },
		"short period":         func(p *tokens.Pass) { p.Period = tokens.MinPeriod - 1 },
		"long session":         func(p *tokens.Pass) { p.Period++ },
		"other day":            func(p *tokens.Pass) { p.Serial.Day++ },
	} {
		p := fields
		bend(&p)
		if _, err := p.Message(); err == nil {
			t.Errorf("%s: Message returned no error", name)
		}
	}
	if _, err := fields.Message(); err != nil {
		t.Errorf("the unchanged pass: %v", err)
	}
}

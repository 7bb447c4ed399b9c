//go:build !race

package tokens_test

import (
	"testing"

	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/tokentest"
)

// The build tag excludes the race detector, which allocates itself.

// TestScanAllocatesNothing covers a remembered pass, a verification and a refusal.
func TestScanAllocatesNothing(t *testing.T) {
	issuer := tokentest.NewIssuer(1)
	s := issuer.Open(5, tokentest.Epoch)
	code := s.Code(tokens.Length - 1) // the most hashes
	text, wire := code.AppendText(nil), code.Bytes()
	const now = tokentest.Epoch + (tokens.Length-1)*tokens.Period
	passes := new(tokentest.Passes)
	gate := tokens.Checker{Keys: issuer.Keys(), Revocations: tokentest.Revoked{{Day: 1}: true}, Passes: passes}

	var token tokens.Token
	scan := func() {
		if token.ParseText(text) != tokens.ReasonOK || gate.Check(&token, now, tokens.Entry) != tokens.ReasonOK {
			t.Fatal("a valid code was refused")
		}
	}
	scan()
	if n := testing.AllocsPerRun(1000, scan); n != 0 {
		t.Errorf("ParseText and Check allocate %v times", n)
	}
	if passes.Remembered != 1 {
		t.Errorf("%d passes remembered: the signature was verified again", passes.Remembered)
	}
	if n := testing.AllocsPerRun(1000, func() {
		if token.Parse(wire) != tokens.ReasonOK {
			t.Fatal("a valid code was not parsed")
		}
	}); n != 0 {
		t.Errorf("Parse allocates %v times", n)
	}

	gate.Passes = nil // every scan verifies the signature
	if n := testing.AllocsPerRun(100, scan); n != 0 {
		t.Errorf("a scan with a verification allocates %v times", n)
	}
	text[50] = '#'
	if n := testing.AllocsPerRun(1000, func() {
		if token.ParseText(text) != tokens.ReasonMalformed {
			t.Fatal("a character outside the alphabet was accepted")
		}
	}); n != 0 {
		t.Errorf("a refusal allocates %v times", n)
	}
}

func TestWritingTextIntoABufferAllocatesNothing(t *testing.T) {
	issuer := tokentest.NewIssuer(1)
	s := issuer.Open(5, tokentest.Epoch)
	code := s.Code(0)
	buffer := make([]byte, 0, tokens.TextSize)
	if n := testing.AllocsPerRun(1000, func() { buffer = code.AppendText(buffer[:0]) }); n != 0 {
		t.Errorf("AppendText allocates %v times", n)
	}
}

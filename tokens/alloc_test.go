//go:build !race

package tokens_test

import (
	"testing"

	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/tokentest"
)

// A scan of a pass that is remembered allocates nothing. The race detector
// allocates by itself, hence the build tag.
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
			t.Fatal("the code must pass")
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
			t.Fatal("the code must parse")
		}
	}); n != 0 {
		t.Errorf("Parse allocates %v times", n)
	}

	// Nor does a scan that is refused, or one whose signature must be verified.
	gate.Passes = nil
	if n := testing.AllocsPerRun(100, scan); n != 0 {
		t.Errorf("a scan with a verification allocates %v times", n)
	}
	text[50] = '#'
	if n := testing.AllocsPerRun(1000, func() {
		if token.ParseText(text) != tokens.ReasonMalformed {
			t.Fatal("a bad character passed")
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

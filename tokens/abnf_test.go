package tokens_test

import (
	"strings"
	"testing"

	"github.com/pandatix/go-abnf"

	"github.com/railgate/railgate/tokens"
)

// grammar parses the ABNF of the document.
func grammar(t *testing.T) *goabnf.Grammar {
	t.Helper()
	_, text, ok := strings.Cut(readFormat(t), "```abnf\n")
	text, _, end := strings.Cut(text, "```")
	if !ok || !end {
		t.Fatalf("%s has no grammar", formatDoc)
	}
	g, err := goabnf.ParseABNF([]byte(strings.ReplaceAll(text, "\n", "\r\n")))
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// TestFormatGrammar compares the grammar with the parser. The grammar accepts every
// code that the parser accepts, and distinguishes other versions from malformed
// texts. It does not express the bounds of section 8.
func TestFormatGrammar(t *testing.T) {
	g := grammar(t)
	is := func(rule, text string) bool {
		ok, err := g.IsValid(rule, []byte(text))
		if err != nil {
			t.Fatalf("%s, %q: %v", rule, text, err)
		}
		return ok
	}
	codes, others, none := 0, 0, 0
	for _, v := range readVectors(t) {
		if v.Text == nil {
			continue
		}
		code, other := is("code", *v.Text), is("other", *v.Text)
		var token tokens.Token
		reason := token.ParseText([]byte(*v.Text))
		if other != (reason == tokens.ReasonVersion) || other && code {
			t.Errorf("%s: grammar matches another version: %v; parser: %s", v.Name, other, reason)
		}
		if reason == tokens.ReasonOK && !code {
			t.Errorf("%s: the grammar refuses a code", v.Name)
		}
		// In the text form, the grammar cannot express overflow and the bytes' own version.
		if first, _, _ := strings.Cut(v.Name, "-"); (first == "text" || first == "alphabet") && reason == tokens.ReasonMalformed &&
			code && v.Name != "text-prefix-twice" && !strings.HasPrefix(v.Name, "text-body-version") {
			t.Errorf("%s: the grammar accepts a malformed code", v.Name)
		}
		switch {
		case code:
			codes++
		case other:
			others++
		default:
			none++
		}
	}
	if codes < 200 || others < 4 || none < 60 {
		t.Errorf("%d codes, %d of other versions, %d malformed: too few", codes, others, none)
	}
	for text, want := range map[string]bool{"20494-1042": true, "0-0": true, "65535-4294967295": true, "00-1": false, "1-": false, "-1": false, "1-01": false,
		"1-2-3": false, "+1-2": false, "1 -2": false} {
		if is("serial", text) != want {
			t.Errorf("serial %q: want %v", text, want)
		}
		if _, err := tokens.ParseSerial(text); (err == nil) != want {
			t.Errorf("ParseSerial(%q): %v", text, err)
		}
	}
}

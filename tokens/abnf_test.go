package tokens_test

import (
	"strings"
	"testing"

	"github.com/pandatix/go-abnf"

	"github.com/railgate/railgate/tokens"
)

// grammar is the ABNF that the document has.
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

// The grammar takes the texts that the parser takes, and tells other versions from no
// code at all. What it takes beyond that breaks a bound that is none of its business.
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
			t.Errorf("%s: another version by the grammar: %v; the parser says %s", v.Name, other, reason)
		}
		if reason == tokens.ReasonOK && !code {
			t.Errorf("%s: a code, but not by the grammar", v.Name)
		}
		// About the text form, the grammar misses overflow and what the bytes say alone.
		if first, _, _ := strings.Cut(v.Name, "-"); (first == "text" || first == "alphabet") && reason == tokens.ReasonMalformed &&
			code && v.Name != "text-prefix-twice" && !strings.HasPrefix(v.Name, "text-body-version") {
			t.Errorf("%s: no code, but one by the grammar", v.Name)
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
		t.Errorf("%d codes, %d of other versions, %d neither", codes, others, none)
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

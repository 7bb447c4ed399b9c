package tokens_test

import (
	"regexp"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/railgate/railgate/tokens"
)

// TestEveryReasonIsComplete expects a code, a class and both texts for every reason.
func TestEveryReasonIsComplete(t *testing.T) {
	code := regexp.MustCompile(`^[a-z][a-z_]*[a-z]$`)
	classes := map[string]bool{"verifier": true, "ok": true, "passenger": true, "fraud": true, "issuer": true}
	seen, codes := make(map[string]bool), make(map[string]int)
	for _, r := range tokens.Reasons() {
		if !code.MatchString(r.String()) {
			t.Errorf("reason %d: code %q is not lower case letters and underscores", r, r)
		}
		if name := r.String() + " " + r.Class().String(); seen[name] {
			t.Errorf("two reasons have code and class %s", name)
		} else {
			seen[name] = true
		}
		codes[r.String()]++
		if !classes[r.Class().String()] {
			t.Errorf("%s: unknown class %q", r, r.Class())
		}
		en, zh := r.Text()
		if en == "" || en[len(en)-1] != '.' {
			t.Errorf("%s: English text %q is not a sentence", r, en)
		}
		if last, _ := utf8.DecodeLastRuneInString(zh); last != '。' || !unicode.Is(unicode.Han, []rune(zh)[0]) {
			t.Errorf("%s: Chinese text %q is not a sentence", r, zh)
		}
	}
	if len(codes) != 25 {
		t.Errorf("%d codes, want the 25 of docs/token-format.md section 11", len(codes))
	}
	for code, n := range codes {
		if want := map[bool]int{true: 2, false: 1}[code == "already_used"]; n != want {
			t.Errorf("%d reasons have the code %s, want %d", n, code, want)
		}
	}
}

// TestOnlyReasonOKAdmits also expects the zero Reason and the zero Class to deny.
func TestOnlyReasonOKAdmits(t *testing.T) {
	var zero tokens.Reason
	if zero == tokens.ReasonOK || zero.Class() == tokens.ClassOK {
		t.Error("the zero Reason admits")
	}
	var class tokens.Class
	if class == tokens.ClassOK {
		t.Error("the zero Class admits")
	}
	for _, r := range tokens.Reasons() {
		if (r.Class() == tokens.ClassOK) != (r == tokens.ReasonOK) {
			t.Errorf("%s has class %s", r, r.Class())
		}
	}
}

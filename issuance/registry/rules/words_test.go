package rules

import (
	"strings"
	"testing"

	"github.com/railgate/railgate/issuance/problem"
)

func TestEveryCodeHasWords(t *testing.T) {
	seen := map[problem.Code]bool{}
	for _, code := range Codes() {
		w, ok := Words[code]
		if !ok || w.EN == "" || w.ZH == "" || w.NextEN == "" || w.NextZH == "" {
			t.Errorf("%s: %+v", code, w)
		}
		if seen[code] || strings.Trim(string(code), "abcdefghijklmnopqrstuvwxyz_") != "" {
			t.Errorf("%q is twice there, or no snake_case", code)
		}
		seen[code] = true
	}
	if len(Words) != len(seen) {
		t.Errorf("%d codes, %d words", len(seen), len(Words))
	}
}
